"""Keys that stand in the settings: for a gateway of one team, and for tests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.principal import Principal, Quota, Scope
from gairp.gateway.tenants.quotas import Holders
from gairp.gateway.tenants.roster import Holder

_HEX = 64
#: Never an operator: a gateway without keys must not hand out its administration.
ANYBODY = Principal(tenant="default", key_id="none")


class StaticKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key; its secret is named by the environment, or known by its hash alone."""

    id: str
    tenant: str
    env: str | None = None  #: the environment variable that holds the secret
    sha256: str | None = None  #: of the secret, in hexadecimal
    project: str = "default"
    scopes: tuple[Scope, ...] = ("inference", "feedback")
    models: tuple[str, ...] = ()
    quota: Quota = Quota()


class StaticKeys:
    """Finds the principal of a bearer key by the key's hash; `Authenticator` looks it up."""

    def __init__(
        self,
        keys: Sequence[Mapping[str, Any]],
        tenants: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`tenants` maps a tenant to its quota, and may hold one for a pattern of models:
        {acme: {quota: {...}, models: {"gpt-*": {...}}}}. Raises ConfigError for a key without a
        secret, or with one that is short.
        """
        self.holders: dict[bytes, Holder] = {}
        self.quotas = _quotas(tenants or {})
        held = Holders(self.quotas)
        for fields in keys:
            key = _converted(fields, StaticKey, f"keys.{fields.get('id', '?')}")
            own = [(f"key:{key.id}", key.quota)] if key.quota != Quota() else []
            principal = Principal(
                tenant=key.tenant,
                project=key.project,
                key_id=key.id,
                scopes=frozenset(key.scopes),
                models=key.models,
                quotas=(*own, *held.of(key.tenant, key.project, key.id)),
            )
            self.holders[_hash_of(key)] = Holder(principal)


def anybody(authorization: bytes) -> Principal:
    """Where no keys are set, everybody is the tenant `default`."""
    return ANYBODY


def _quotas(tenants: Mapping[str, Mapping[str, Any]]) -> dict[str, Quota]:
    found = {}
    for tenant, fields in tenants.items():
        found[f"tenant:{tenant}"] = _quota(fields.get("quota") or {}, tenant)
        for pattern, quota in (fields.get("models") or {}).items():
            found[f"tenant:{tenant}/model:{pattern}"] = _quota(quota, tenant)
    return found


def _quota(fields: Mapping[str, Any], tenant: str) -> Quota:
    quota: Quota = _converted(fields, Quota, f"tenants.{tenant}.quota")
    return quota


def _converted(fields: Mapping[str, Any], kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(dict(fields), kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{place}: {error}") from None


def _hash_of(key: StaticKey) -> bytes:
    if key.sha256 is not None:
        if len(key.sha256) != _HEX:
            raise ConfigError(f"keys.{key.id}.sha256 is no SHA-256 in hexadecimal")
        return bytes.fromhex(key.sha256)
    secret = os.environ.get(key.env or "", "")
    if len(secret) < 16:
        raise ConfigError(
            f"keys.{key.id}: the environment variable {key.env!r} holds no secret of 16 characters "
            "or more; make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return sha256(secret.encode()).digest()
