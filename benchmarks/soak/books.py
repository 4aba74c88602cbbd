"""What four books say of the same attempts: journal, ledger, audit log, and the servers' own."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from benchmarks.soak.gateway import KEY_ID, TENANT, GatewayProcess
from benchmarks.soak.models import Charge, charges, usd
from benchmarks.soak.run import Soaked
from gairp.errors import IntegrityError
from gairp.gateway.audit.chain import verify
from gairp.gateway.database.store import open_store
from gairp.gateway.ledger.holds import HoldKeeper
from gairp.gateway.ledger.reconcile import reconcile
from gairp.gateway.ledger.tables import ATTEMPTS
from gairp.gateway.limits.redis import RedisPurse, connect
from gairp.gateway.tenants.desk import Desk
from gairp.records.events import Called, Learned, Settled
from gairp.records.reading import read_events


@dataclass(frozen=True, kw_only=True)
class Row:
    """An attempt in the ledger."""

    arm: str
    state: str
    tenant: str
    input_tokens: int
    output_tokens: int
    cost_pico: int


@dataclass(frozen=True, kw_only=True)
class Books:
    """All of them by attempt id; `rows` after what was unknown has been reconciled."""

    called: Mapping[str, Called]
    settled: Mapping[str, Settled]
    settled_twice: int  #: calls that were settled more than once
    upstream: Mapping[str, Charge]
    unknown: Mapping[str, str]  #: attempts of unknown cost -> their arm, before reconciling
    rows: Mapping[str, Row]
    audit_lines: int
    audit_wrong: str  #: what is wrong with the audit log; empty: nothing
    held: int  #: calls that the shared budget held before the ledger was looked at
    budget: tuple[int, int] | None  #: picodollars spent and held by it; None: not shared


def read_books(soaked: Soaked) -> Books:
    """Reconciles what is unknown by what the servers say that they charged."""
    called: dict[str, Called] = {}
    settled: dict[str, Settled] = {}
    lines = twice = 0
    for event in read_events(soaked.gateway.home / "journal"):
        if isinstance(event, Called):
            called[event.call_id] = event
        elif isinstance(event, Settled):
            twice += event.call_id in settled
            settled[event.call_id] = event
        lines += isinstance(event, Settled | Learned)
    upstream = charges(soaked.mocks)
    unknown = _reconciled(soaked.gateway.ledger, upstream)
    held, budget = asyncio.run(_shared(soaked.gateway)) if soaked.gateway.redis else (0, None)
    found, wrong = _audited(soaked, lines)
    return Books(
        called=called,
        settled=settled,
        settled_twice=twice,
        upstream=upstream,
        unknown=unknown,
        rows=_rows(soaked.gateway.ledger),
        audit_lines=found,
        audit_wrong=wrong,
        held=held,
        budget=budget,
    )


async def _shared(gateway: GatewayProcess) -> tuple[int, tuple[int, int]]:
    """The budget in Redis, after it has heard what was reconciled, as a running gateway sees to."""
    redis, store = connect(str(gateway.redis)), open_store(gateway.ledger)
    purse = RedisPurse(redis)
    keeper, held = HoldKeeper(store, purse), len(await purse.held_calls())
    for _ in range(2):
        await keeper.look()
    found: Any = redis.hmget(f"gairp:{{key:{KEY_ID}}}:total", ["spent", "held"])
    spent, left = await found
    await redis.aclose()
    store.dispose()
    return held, (int(spent or 0), int(left or 0))


def _reconciled(ledger: str, upstream: Mapping[str, Charge]) -> dict[str, str]:
    """As `python -m gairp.admin reconcile` does with a vendor's bill."""
    store = open_store(ledger)
    rows = {name: row for name, row in _rows(ledger).items() if row.state in ("unknown", "intent")}
    desk = Desk(store, actor="soak")
    for name, row in rows.items():
        charge = upstream.get(name, Charge())
        tokens = charge.input_tokens, charge.output_tokens
        reconcile(desk, name, usd(row.arm, *tokens), tokens)
    store.dispose()
    return {name: row.arm for name, row in rows.items()}


def _rows(ledger: str) -> dict[str, Row]:
    store = open_store(ledger)
    with store.connect() as connection:
        found = {
            row.call_id: Row(
                arm=row.arm, state=row.state, tenant=row.tenant,
                input_tokens=row.input_tokens or 0, output_tokens=row.output_tokens or 0,
                cost_pico=row.cost_pico or 0,
            )
            for row in connection.execute(select(ATTEMPTS))
        }  # fmt: skip
    store.dispose()
    return found


def _audited(soaked: Soaked, expected: int) -> tuple[int, str]:
    path = soaked.gateway.home / "audit.jsonl"
    try:
        found = verify(path).lines
    except (IntegrityError, OSError) as error:
        return 0, str(error)
    if found != expected:
        return found, f"{found} lines for {expected} calls and feedbacks"
    lines = path.read_bytes().splitlines()
    tenants = Counter(json.loads(line).get("tenant") for line in lines)
    strangers = found - tenants[TENANT]
    return found, f"{strangers} lines do not say whose they are" if strangers else ""
