"""Rows are the same whatever pieces the events come in, and however often."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.gateway.audit.actions import actions
from gairp.gateway.database.store import open_store
from gairp.gateway.ledger.feed import LedgerFeed
from gairp.gateway.ledger.price_dates import PriceDates
from gairp.gateway.ledger.reconcile import reconcile
from gairp.gateway.ledger.tables import ATTEMPTS, PROGRESS
from gairp.gateway.ledger.usage import spent, unsettled, usage
from gairp.pricing import load_catalogue
from gairp.records.events import Called, Decided, Event, Observed, Opened, Settled, packed
from gairp.types import Arm, Failure, Usage
from tests.gateway.tenants.world import desk

NOON = 1_795_000_000.0  # 2026-11-18, UTC
Store = Callable[[], Engine]


def opened(learner: str = "auto@1") -> Opened:
    return Opened(learner=learner, at=NOON, seed=0, policy="auto", policy_version="", config="{}")


def decided(i: int, tenant: str = "acme") -> Decided:
    import numpy as np

    nothing = packed(np.zeros(1))
    return Decided(
        learner="auto@1", at=NOON + i, decision_id=f"r{i}/0", request_id=f"r{i}", attempt=0,
        kind="primary", now=0.0, features=nothing, candidates=("a",), expected_cost=nothing,
        max_cost=nothing, arm="a", propensity=1.0, probabilities=(1.0,), scores=None,
        policy="auto", policy_version="", state_version=0, tenant=tenant,
        tags={"key": f"k-{tenant}", "project": "p", "operation": "chat"},
    )  # fmt: skip


def called(i: int, number: int = 0) -> Called:
    return Called(
        learner="auto@1", at=NOON + i, call_id=f"r{i}/0.{number}", decision_id=f"r{i}/0", arm="a",
        model="m", reserved_usd=0.01, reserved_tokens=100,
    )  # fmt: skip


def settled(i: int, number: int = 0, usd: float = 0.001, billing: Any = "billed") -> Settled:
    error = None if billing == "billed" else Failure(kind="server", message="no")
    return Settled(
        learner="auto@1", at=NOON + i, call_id=f"r{i}/0.{number}", decision_id=f"r{i}/0", arm="a",
        model="m-2", usage=Usage(input_tokens=10.0, output_tokens=5.0), cost_usd=usd,
        billing=billing, latency_s=0.5, error=error,
    )  # fmt: skip


def story(n: int = 30) -> list[Event]:
    """Calls that are billed, free, unknown and retried, of two tenants; the last is cut off."""
    events: list[Event] = [opened()]
    for i in range(n):
        events += [decided(i, "acme" if i % 3 else "zen"), called(i)]
        if i % 5 == 1:
            events += [settled(i, usd=0.0, billing="free"), called(i, 1), settled(i, 1, 0.002)]
        elif i % 5 == 2:
            events.append(settled(i, usd=float("nan"), billing="unknown"))
        elif i < n - 1:
            events.append(settled(i))
    return events


def numbered(events: list[Event]) -> list[tuple[int, Event]]:
    return list(enumerate(events))


def rows(engine: Engine) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        found = connection.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.call_id)).all()
    return [dict(row._mapping) for row in found]


def test_states_costs_and_tokens(store: Engine) -> None:
    LedgerFeed(store).take(numbered(story()))
    by_call = {row["call_id"]: row for row in rows(store)}
    assert by_call["r0/0.0"]["state"] == "settled"
    assert by_call["r0/0.0"]["cost_pico"] == 1_000_000_000
    assert by_call["r0/0.0"]["model"] == "m-2"
    assert by_call["r1/0.0"]["state"] == "free"
    assert by_call["r1/0.1"]["cost_pico"] == 2_000_000_000
    assert by_call["r1/0.1"]["tenant"] == "acme"
    assert by_call["r2/0.0"]["state"] == "unknown"
    assert by_call["r2/0.0"]["cost_pico"] is None
    assert by_call["r29/0.0"]["state"] == "intent"
    assert by_call["r0/0.0"]["day"] == "2026-11-18"


def test_a_restart_makes_what_was_under_way_unknown(store: Engine) -> None:
    events = [*story(), opened()]
    LedgerFeed(store).take(numbered(events))
    assert {row["state"] for row in rows(store)} == {"settled", "free", "unknown"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cuts=st.lists(st.integers(0, 100), max_size=8), seed=st.integers(0, 1000))
def test_any_pieces_any_repeats_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], seed: int
) -> None:
    """Killed anywhere: another process begins with whatever was offered before."""
    whole = open_store(f"sqlite:///{tmp_path_factory.mktemp('a')}/l.db")
    pieces = open_store(f"sqlite:///{tmp_path_factory.mktemp('b')}/l.db")
    events = numbered(story(20))
    LedgerFeed(whole).take(events)
    rng = random.Random(seed)
    ends = [*sorted(min(cut, len(events)) for cut in cuts), len(events)]
    feed = LedgerFeed(pieces)
    for end in ends:
        if rng.random() < 0.5:
            feed = LedgerFeed(pieces)
        feed.take(events[max(0, feed.seq - rng.randrange(10)) : end])
    assert rows(pieces) == rows(whole)
    whole.dispose()
    pieces.dispose()


def test_usage_sums_are_exact(store: Engine) -> None:
    LedgerFeed(store).take(numbered(story()))
    (total,) = usage(store, ("operation",))
    billed = [row["cost_pico"] for row in rows(store) if row["state"] == "settled"]
    assert total.cost_usd == sum(billed) / 1e12
    assert total.attempts == 36
    assert total.held_usd == pytest.approx(0.01 * 7)
    tenants = usage(store, ("tenant", "day"))
    assert [row.group for row in tenants] == [("acme", "2026-11-18"), ("zen", "2026-11-18")]
    assert sum(row.attempts for row in tenants) == 36
    assert usage(store, ("tenant",), since="2026-11-19") == []
    with pytest.raises(UnknownNameError, match="dimension"):
        usage(store, ("moon",))


def test_budgets_restore_from_it(store: Engine) -> None:
    LedgerFeed(store).take(numbered(story()))
    found = spent(store, NOON)
    acme, held = found["tenant:acme", "2026-11"]
    assert found["key:k-acme", "2026-11-18"] == (acme, held)
    assert found["tenant:acme", "total"] == (acme, held)
    assert spent(store, NOON + 40 * 86400).keys() == {
        (f"{kind}:{name}", "total")
        for kind, name in (
            ("tenant", "acme"),
            ("tenant", "zen"),
            ("key", "k-acme"),
            ("key", "k-zen"),
        )
    }


def test_what_nobody_knew_is_reconciled_once(store: Engine) -> None:
    LedgerFeed(store).take([*numbered(story()), (999, opened())])
    name = unsettled(store)[0][0]
    reconcile(desk(store, NOON), name, 0.0042, (100, 50))
    row = next(row for row in rows(store) if row["call_id"] == name)
    assert (row["state"], row["cost_pico"], row["input_tokens"]) == ("settled", 4_200_000_000, 100)
    with pytest.raises(DataError, match="no attempt"):
        reconcile(desk(store, NOON), name, 0.1, (1, 1))
    with pytest.raises(ConfigError, match="cannot be"):
        reconcile(desk(store, NOON), name, float("nan"))
    (action,) = actions(store)  # what failed is none
    assert (action.actor, action.action, action.target) == ("test", "reconcile", name)
    assert action.details == {"usd": 0.0042, "input_tokens": 100, "output_tokens": 50}


def test_events_that_matter_to_nobody_are_passed_over(store: Engine) -> None:
    observed = Observed(
        learner="auto@1", at=NOON, decision_id="r0/0", request_id="r0", attempts=(),
        total_cost_usd=0.0, latency_s=0.0, completed_at=0.0,
    )  # fmt: skip
    feed = LedgerFeed(store)
    feed.take([(0, observed)])
    assert feed.seq == 1
    assert LedgerFeed(store).seq == 1


def test_what_was_reconciled_stays_so_when_the_journal_is_read_again(store: Engine) -> None:
    events = [*numbered(story()), (900, opened())]
    LedgerFeed(store).take(events)
    reconcile(desk(store, NOON), "r2/0.0", 0.003, (1, 1))
    with store.begin() as connection:
        connection.execute(PROGRESS.update().values(seq=0))
    LedgerFeed(store).take(events)
    row = next(row for row in rows(store) if row["call_id"] == "r2/0.0")
    assert (row["state"], row["cost_pico"]) == ("settled", 3_000_000_000)


def test_rows_say_since_when_their_price_held(store: Engine, tmp_path: Path) -> None:
    """The price in force on the day of the call, of the model that answered; else of the arm."""
    (tmp_path / "prices.yaml").write_text(
        "models:\n  m-2:\n    - {from: 2025-01-01, input: 1, output: 1}\n"
        "    - {from: 2026-11-18, input: 2, output: 2}\n"
        "  m:\n    - {from: 2024-05-01, input: 1, output: 1}\n"
    )
    catalogue = load_catalogue(user_files=[tmp_path / "prices.yaml"], genai=False)
    arm = Arm(name="a", backend="b", model="m")
    dates = PriceDates({"a": arm}, catalogue)
    LedgerFeed(store, price_date=dates.of).take(numbered([decided(0), called(0), settled(0)]))
    assert [row["price_date"] for row in rows(store)] == ["2026-11-18"]
    assert [row.group for row in usage(store, ("price_date",))] == [("2026-11-18",)]
    assert dates.of("m-2", "a", "2026-11-17") == "2025-01-01"
    assert dates.of("never-listed", "a", "2026-11-17") == "2024-05-01"
    assert dates.of("m-2", "a", "2023-01-01") is None


def test_what_will_not_be_observed_is_not_read_again_for_ever(store: Engine) -> None:
    left = msgspec.structs.replace(
        settled(1), billing="unknown", error=Failure(kind="cancelled", message="left")
    )
    events: list[Any] = [opened(), decided(0), called(0), decided(1), called(1), left]
    feed = LedgerFeed(store)
    feed.take(numbered(events))
    assert LedgerFeed(store).seq == 1  # decision 0 may still be gone on with
    feed.take([(len(events), opened())])
    assert LedgerFeed(store).seq == len(events) + 1


def test_what_servers_say_of_themselves_cannot_stop_it(store: Engine) -> None:
    """Numbers and names that no column holds are cut, and what follows is taken."""
    wild = msgspec.structs.replace(
        settled(0), model="m\0" + "x" * 300, cost_usd=1e30, usage=Usage(input_tokens=1e20),
    )  # fmt: skip
    held = msgspec.structs.replace(called(0), reserved_usd=1e25)
    LedgerFeed(store).take(numbered([decided(0), held, wild, decided(1), called(1), settled(1)]))
    first, second = rows(store)
    assert (first["cost_pico"], first["reserved_pico"]) == (2**63 - 1, 2**63 - 1)
    assert first["input_tokens"] == 2**31 - 1
    assert first["model"] == "m?" + "x" * 253
    assert second["cost_pico"] == 1_000_000_000
    (sums,) = usage(store)
    assert sums.cost_usd == (2**63 - 1 + 10**9) / 10**12
