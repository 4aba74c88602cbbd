"""Quotas; a name holds slashes, so that it is no part of the path."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from gairp.gateway.principal import Quota as Limits
from gairp.gateway.routes.bodies import Done, Quota, QuotaGiven
from gairp.gateway.routes.desk import AtDesk, InStore
from gairp.gateway.tenants import quotas

router = APIRouter(prefix="/quotas", tags=["quotas"])
QuotaName = Annotated[
    str, Query(max_length=255, description="key:ID, tenant:T, project:T/P; with /model:PATTERN")
]


@router.get("")
def list_quotas(store: InStore) -> list[Quota]:
    """All, by name."""
    return [_told(name, quota) for name, quota in quotas.quotas(store).items()]


@router.put("")
def set_quota(name: QuotaName, body: QuotaGiven, desk: AtDesk) -> Quota:
    """In place of what was set before."""
    quota = Limits(**body.model_dump())
    quotas.set_quota(desk, name, quota)
    return _told(name, quota)


@router.delete("")
def clear_quota(name: QuotaName, desk: AtDesk) -> Done:
    """No such quota any more."""
    quotas.clear_quota(desk, name)
    return Done()


def _told(name: str, quota: Limits) -> Quota:
    return Quota(name=name, **msgspec.structs.asdict(quota))
