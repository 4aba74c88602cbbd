"""API keys: created, listed, rotated, revoked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, get_args

from sqlalchemy import Connection, Engine, insert, select, update

from gairp.errors import ConfigError, ConflictError, DataError, UnknownNameError
from gairp.gateway.principal import Scope
from gairp.gateway.tenants.accounts import DEFAULT_PROJECT, require_project
from gairp.gateway.tenants.desk import Desk
from gairp.gateway.tenants.secret import NewSecret, new_secret
from gairp.gateway.tenants.tables import KEYS, SECRETS

SCOPES: tuple[str, ...] = get_args(Scope)


class ApiKey(NamedTuple):
    """What may be known of a key; times are Unix time."""

    id: str
    tenant: str
    project: str
    title: str
    scopes: tuple[str, ...]
    models: tuple[str, ...]
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    prefixes: tuple[str, ...]  #: of the secrets that are taken now, the newest first


class NewKey(NamedTuple):
    """A key and its secret, which is shown this once."""

    key: ApiKey
    secret: NewSecret


def create_key(
    desk: Desk,
    tenant: str,
    *,
    project: str = DEFAULT_PROJECT,
    title: str = "",
    scopes: Sequence[str] = ("inference", "feedback"),
    models: Sequence[str] = (),
    expires_at: float | None = None,
) -> NewKey:
    """Raises UnknownNameError for a tenant, a project or a scope that there is not."""
    for scope in scopes:
        if scope not in SCOPES:
            raise UnknownNameError("scope", scope, SCOPES)
    _checked_expiry(expires_at, desk.now())
    key_id, secret = f"k-{secrets.token_hex(6)}", new_secret()
    told: dict[str, Any] = {
        "tenant": tenant, "project": project, "scopes": list(scopes), "models": list(models),
        "expires_at": expires_at,
    }  # fmt: skip
    with desk.change("create key", key_id, prefix=secret.prefix, **told) as connection:
        require_project(connection, tenant, project)
        row = {
            **told, "id": key_id, "title": title[:255], "created_at": desk.now(),
            "scopes": json.dumps(list(scopes)), "models": json.dumps(list(models)),
        }  # fmt: skip
        connection.execute(insert(KEYS).values(row))
        _add_secret(connection, key_id, secret, desk.now())
    return NewKey(find_key(desk, key_id), secret)


def rotate_key(desk: Desk, key_id: str, *, overlap_s: float = 0.0) -> NewKey:
    """A new secret for the same key; those before it are taken for another `overlap_s` seconds.

    Name, quotas and bill stay, since they are the key's. Raises ConflictError for a revoked key.
    """
    if not 0 <= overlap_s < float("inf"):
        raise ConfigError(f"the overlap is {overlap_s} s; give 0 or more")
    secret, now = new_secret(), desk.now()
    until = now + overlap_s
    with desk.change("rotate key", key_id, prefix=secret.prefix, overlap_s=overlap_s) as connection:
        _require_living(connection, key_id)
        c = SECRETS.c
        later = (c.key_id == key_id) & (c.expires_at.is_(None) | (c.expires_at > until))
        connection.execute(update(SECRETS).where(later).values(expires_at=until))
        _add_secret(connection, key_id, secret, now)
    return NewKey(find_key(desk, key_id), secret)


def revoke_key(desk: Desk, key_id: str) -> ApiKey:
    """It is taken no more, for good; raises ConflictError where it was revoked before."""
    with desk.change("revoke key", key_id) as connection:
        _require_living(connection, key_id)
        connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(revoked_at=desk.now()))
    return find_key(desk, key_id)


def keys(engine: Engine, *, tenant: str | None = None, now: float) -> list[ApiKey]:
    """All, or one tenant's, by tenant and age; revoked and expired ones too."""
    c = KEYS.c
    statement = select(KEYS).order_by(c.tenant, c.created_at, c.id)
    if tenant is not None:
        statement = statement.where(c.tenant == tenant)
    with engine.connect() as connection:
        prefixes = _prefixes(connection, now)
        return [_key(row, prefixes.get(row.id, ())) for row in connection.execute(statement)]


def find_key(desk: Desk, key_id: str) -> ApiKey:
    """DataError where it is not there."""
    for key in keys(desk.engine, now=desk.now()):
        if key.id == key_id:
            return key
    raise _unknown(key_id)


def _key(row: Any, prefixes: Iterable[str]) -> ApiKey:
    return ApiKey(
        row.id, row.tenant, row.project, row.title, tuple(json.loads(row.scopes)),
        tuple(json.loads(row.models)), row.created_at, row.expires_at, row.revoked_at,
        tuple(prefixes),
    )  # fmt: skip


def _prefixes(connection: Connection, now: float) -> dict[str, tuple[str, ...]]:
    c, found = SECRETS.c, dict[str, tuple[str, ...]]()
    living = c.expires_at.is_(None) | (c.expires_at > now)
    for row in connection.execute(select(SECRETS).where(living).order_by(c.created_at.desc())):
        found[row.key_id] = (*found.get(row.key_id, ()), row.prefix)
    return found


def _add_secret(connection: Connection, key_id: str, secret: NewSecret, now: float) -> None:
    row = {
        "sha256": secret.sha256, "key_id": key_id, "prefix": secret.prefix, "created_at": now
    }  # fmt: skip
    connection.execute(insert(SECRETS).values(row))


def _require_living(connection: Connection, key_id: str) -> None:
    row = connection.execute(select(KEYS.c.revoked_at).where(KEYS.c.id == key_id)).first()
    if row is None:
        raise _unknown(key_id)
    if row[0] is not None:
        raise ConflictError(f"the key {key_id!r} was revoked; create another one")


def _unknown(key_id: str) -> DataError:
    return DataError(f"no key {key_id[:80]!r} is there; `python -m gairp.admin key list` has all")


def _checked_expiry(expires_at: float | None, now: float) -> None:
    if expires_at is not None and not now < expires_at < float("inf"):
        raise ConfigError(f"expires_at is {expires_at}, which is past; give a time to come")
