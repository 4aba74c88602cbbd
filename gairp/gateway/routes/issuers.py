"""Identity providers whose tokens are taken."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query

from gairp.gateway.routes.bodies import Done
from gairp.gateway.routes.desk import AtDesk, InStore
from gairp.gateway.tenants import issuers

router = APIRouter(prefix="/issuers", tags=["issuers"])
Fields = Annotated[dict[str, Any], Body(description="the fields that docs/tenants.md lists")]


@router.get("")
def list_issuers(store: InStore) -> list[dict[str, Any]]:
    """All, by name."""
    return [msgspec.to_builtins(one) for one in issuers.issuers(store)]


@router.put("")
def set_issuer(body: Fields, desk: AtDesk) -> dict[str, Any]:
    """Add an issuer, or put this in its place."""
    found: dict[str, Any] = msgspec.to_builtins(issuers.set_issuer(desk, body))
    return found


@router.delete("")
def remove_issuer(issuer: Annotated[str, Query(max_length=255)], desk: AtDesk) -> Done:
    """Its tokens are taken no more."""
    issuers.remove_issuer(desk, issuer)
    return Done()
