"""What administrators did, and whether the chains stand as they were written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request

from gairp.errors import IntegrityError
from gairp.gateway.audit.actions import actions, verify_actions
from gairp.gateway.audit.chain import Verified, verify
from gairp.gateway.routes.bodies import Action, Chain
from gairp.gateway.routes.desk import InStore

router = APIRouter(tags=["audit"])
After = Annotated[int, Query(ge=-1, le=2**62, description="from behind this number")]
Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/actions")
def list_actions(store: InStore, after: After = -1, limit: Limit = 1000) -> list[Action]:
    """In order."""
    found = actions(store, after=after, limit=limit)
    return [Action.model_validate(one._asdict()) for one in found]


@router.get("/audit")
def verify_audit(request: Request, store: InStore) -> list[Chain]:
    """Read both chains from their first line on: takes a while where they are long."""
    path: Path = request.app.state.audit
    found = [_chain("admin_actions", lambda: verify_actions(store))]
    if path.exists():
        found.append(_chain("audit.jsonl", lambda: verify(path)))
    return found


def _chain(name: str, check: Callable[[], Verified]) -> Chain:
    try:
        found = check()
    except IntegrityError as error:
        return Chain(name=name, lines=None, head=None, broken=str(error))
    return Chain(name=name, lines=found.lines, head=found.head, broken=None)
