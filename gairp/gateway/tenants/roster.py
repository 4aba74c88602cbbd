"""Everybody who may ask, in memory: from a key's hash to its principal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, select

from gairp.gateway.errors import ApiError
from gairp.gateway.principal import Principal, Quota
from gairp.gateway.tenants.desk import version
from gairp.gateway.tenants.issuer import Issuer
from gairp.gateway.tenants.issuers import read_issuers
from gairp.gateway.tenants.quotas import Holders, read_quotas
from gairp.gateway.tenants.tables import KEYS, PROJECTS, SECRETS, TENANTS


class Holder(NamedTuple):
    """Of one secret. `refused` says why it is not taken, to whoever has the secret."""

    principal: Principal
    expires_at: float = math.inf
    refused: str | None = None


class Roster(NamedTuple):
    """As of one version of the database."""

    version: int
    holders: Mapping[bytes, Holder]
    #: (tenant, project) that may ask; None: any, there is no database to say
    projects: frozenset[tuple[str, str]] | None
    quotas: Holders
    issuers: Sequence[Issuer]

    def require_project(self, tenant: str, project: str) -> None:
        """ApiError 403 for one that is not there, or disabled."""
        if self.projects is not None and (tenant, project) not in self.projects:
            raise ApiError(
                403, "this gateway has no such tenant or project, or it is disabled",
                code="no_tenant",
            )  # fmt: skip


def stored_version(engine: Engine) -> int:
    """What to compare a roster's version with."""
    with engine.connect() as connection:
        return version(connection)


def read_roster(engine: Engine, more: Mapping[str, Quota] | None = None) -> Roster:
    """All of the database; what changes while it is read counts as a later version.

    `more` quotas, of the settings, hold too where the database has none of their name.
    """
    with engine.connect() as connection:
        counted = version(connection)
        quotas = Holders({**(more or {}), **read_quotas(connection)})
        statement = select(TENANTS.c.id).where(TENANTS.c.disabled_at.is_(None))
        living = set(connection.execute(statement).scalars())
        projects = frozenset(
            (row.tenant, row.id)
            for row in connection.execute(select(PROJECTS.c.tenant, PROJECTS.c.id))
            if row.tenant in living
        )
        statement_of_all = select(SECRETS.c.sha256, SECRETS.c.expires_at.label("until"), KEYS).join(
            KEYS, SECRETS.c.key_id == KEYS.c.id
        )
        holders = {
            bytes.fromhex(row.sha256): _holder(row, row.tenant in living, quotas)
            for row in connection.execute(statement_of_all)
        }
        return Roster(counted, holders, projects, quotas, read_issuers(connection))


def _holder(row: Any, living: bool, quotas: Holders) -> Holder:
    principal = Principal(
        tenant=row.tenant,
        project=row.project,
        key_id=row.id,
        scopes=frozenset(json.loads(row.scopes)),
        models=tuple(json.loads(row.models)),
        quotas=quotas.of(row.tenant, row.project, row.id),
    )
    ends = [at for at in (row.until, row.expires_at) if at is not None]
    refused = "it was revoked" if row.revoked_at is not None else None
    if not living:
        refused = "its tenant is disabled"
    return Holder(principal, min(ends, default=math.inf), refused)
