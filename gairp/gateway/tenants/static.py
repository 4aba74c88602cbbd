"""Keys that stand in the settings: for a gateway of one team, and for tests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from gairp.errors import ConfigError
from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Principal, Quota, Scope

_HEX = 64
ANYBODY = Principal(
    tenant="default", key_id="none", scopes=frozenset({"inference", "feedback", "admin"})
)


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
    """Finds the principal of a bearer key by the key's hash.

    A key is looked up by its SHA-256: a secret of 256 random bits cannot be guessed from it, and
    how long the look-up takes says nothing of how much of a guess was right.
    """

    def __init__(
        self,
        keys: Sequence[Mapping[str, Any]],
        tenants: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """`tenants` maps a tenant to its quota, and may hold one for a pattern of models:
        {acme: {quota: {...}, models: {"gpt-*": {...}}}}. Raises ConfigError for a key without a
        secret, or with one that is short.
        """
        self._by_hash: dict[bytes, Principal] = {}
        for fields in keys:
            key = _converted(fields, StaticKey, f"keys.{fields.get('id', '?')}")
            quotas = [(f"key:{key.id}", key.quota), *_tenant_quotas(key.tenant, tenants or {})]
            principal = Principal(
                tenant=key.tenant,
                project=key.project,
                key_id=key.id,
                scopes=frozenset(key.scopes),
                models=key.models,
                quotas=tuple((name, quota) for name, quota in quotas if quota != Quota()),
            )
            self._by_hash[_hash_of(key)] = principal

    def authenticate(self, authorization: bytes) -> Principal:
        """Of an Authorization header; ApiError 401 as OpenAI has it."""
        scheme, _, secret = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not secret:
            raise ApiError(
                401,
                "You didn't provide an API key: send it as Authorization: Bearer KEY",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        principal = self._by_hash.get(sha256(secret.strip()).digest())
        if principal is None:
            raise ApiError(
                401,
                "Incorrect API key provided",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        return principal


def anybody(authorization: bytes) -> Principal:
    """Where no keys are set, everybody is the tenant `default`."""
    return ANYBODY


def _tenant_quotas(
    tenant: str, tenants: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, Quota]]:
    fields = tenants.get(tenant) or {}
    found = [(f"tenant:{tenant}", _quota(fields.get("quota") or {}, tenant))]
    for pattern, quota in (fields.get("models") or {}).items():
        found.append((f"tenant:{tenant}/model:{pattern}", _quota(quota, tenant)))
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
