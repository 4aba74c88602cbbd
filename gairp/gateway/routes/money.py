"""What was used, and what an attempt did cost whose cost nobody knew."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from gairp.gateway.ledger.reconcile import reconcile
from gairp.gateway.ledger.usage import UsageRow, unsettled, usage
from gairp.gateway.routes.bodies import Done, Reconciliation, Unsettled, Usage
from gairp.gateway.routes.desk import AtDesk, InStore

router = APIRouter(tags=["money"])
Day = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="YYYY-MM-DD")]


@router.get("/usage")
def get_usage(
    store: InStore,
    by: Annotated[str, Query(max_length=255, description="such as tenant,model,day")] = "tenant",
    since: Day = "0001-01-01",
    until: Day = "9999-12-31",
) -> list[Usage]:
    """Sums by dimension, of the days from `since` until before `until`."""
    names = [name.strip() for name in by.split(",")]
    return [Usage(**_sums(names, row)) for row in usage(store, names, since=since, until=until)]


@router.get("/unknown")
def list_unknown(store: InStore) -> list[Unsettled]:
    """Attempts that are under way, or whose cost nobody knows."""
    return [
        Unsettled(call_id=call, tenant=tenant, arm=arm, state=state, held_usd=usd)
        for call, tenant, arm, state, usd in unsettled(store)
    ]


@router.post("/reconcile")
def reconcile_call(body: Reconciliation, desk: AtDesk) -> Done:
    """As the vendor's bill says."""
    reconcile(desk, body.call_id, body.usd, (body.input_tokens, body.output_tokens))
    return Done()


def _sums(names: list[str], row: UsageRow) -> dict[str, Any]:
    return {**row._asdict(), "group": dict(zip(names, row.group, strict=True))}
