"""What every route of the admin API is given: the database, and the desk of its caller."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from gairp.gateway.principal import Principal
from gairp.gateway.tenants.desk import Desk


def _store(request: Request) -> Engine:
    store: Engine = request.app.state.store
    return store


def _desk(request: Request) -> Desk:
    principal: Principal = request.state.principal
    return Desk(_store(request), actor=f"key:{principal.key_id}"[:255])


AtDesk = Annotated[Desk, Depends(_desk)]
InStore = Annotated[Engine, Depends(_store)]
