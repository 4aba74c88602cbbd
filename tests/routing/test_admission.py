"""Who may be asked, what is held for it, and what a provider that overcharges gets."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gairp.backends.openai.compose import compose
from gairp.clock import VirtualClock
from gairp.errors import ConfigError, PriceError
from gairp.pricing import load_catalogue
from gairp.routing.admission import Admission, needs
from gairp.routing.breaker import Breakers
from gairp.routing.costing import Costing
from gairp.routing.load_board import LoadBoard
from gairp.routing.spend import SpendCeiling
from gairp.routing.steps import Call
from gairp.types import Arm, Decision, Failure, Request, Response, Usage

DAY = date(2026, 1, 1)
REQUEST = Request(id="r", messages=({"role": "user", "content": "What is 2 + 2?"},))
PRICES = """
models:
  small: [{from: 2025-01-01, input: 1.0, output: 2.0}]
  large: [{from: 2025-01-01, input: 10.0, output: 20.0}]
  large-2026-01: [{from: 2025-01-01, input: 5.0, output: 7.0}]
"""


def arms(**more: Any) -> dict[str, Arm]:
    recipe = {"params": {"max_tokens": 10}}
    return {
        name: Arm(name=name, model=name, recipe=recipe, backend="b", **more)
        for name in ("small", "large")
    }


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.yaml"
    path.write_text(PRICES)
    return path


def gate(prices: Path, *, usd: float | None = None, **more: Any) -> Admission:
    table = arms(**more)
    clock = VirtualClock()
    return Admission(
        arms=table,
        costing=costing(prices, table),
        ceiling=SpendCeiling(usd=usd),
        breakers=Breakers(failures=2),
        board=LoadBoard(dict.fromkeys(table, "b")),
        clock=clock,
        horizon=4,
    )


def costing(prices: Path, table: dict[str, Arm], **more: Any) -> Costing:
    catalogue = load_catalogue(user_files=[prices], genai=False)
    return Costing(arms=table, catalogue=catalogue, as_of=DAY, compose=compose, **more)


def call(arm: str, number: int = 0) -> Call:
    decision = Decision(
        id="r/0", request_id="r", arm=arm, propensity=1.0, probabilities=(1.0,), policy="p",
        state_version=0,
    )  # fmt: skip
    return Call(request=REQUEST, decision=decision, number=number, id=f"r/0.{number}")


def answer(model: str, tokens: tuple[float, float] = (8.0, 2.0), **more: Any) -> Response:
    usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1])
    return Response(model=model, usage=usage, latency_s=0.1, **more)


def test_bounds_and_expectations_come_from_prices_and_max_tokens(prices: Path) -> None:
    context = gate(prices).context(REQUEST, np.ones(1))
    bound = gate(prices).costing.bound(REQUEST, "small")
    prompt = bound.tokens - 10
    assert context.candidates == ("small", "large")
    assert context.max_cost[0] == pytest.approx((prompt + 2 * 10) * 1e-6)
    assert context.max_cost[1] == pytest.approx(10 * context.max_cost[0])
    # 14 characters are taken for 3.5 tokens, and half of max_tokens for the answer.
    assert context.expected_cost[0] == pytest.approx((3.5 + 2 * 5) * 1e-6)
    assert (context.expected_cost < context.max_cost).all()


def test_the_expectation_follows_the_answers(prices: Path) -> None:
    made = costing(prices, arms())
    for _ in range(200):
        made.bill(call("small").decision, answer("small", (4.0, 10.0)))
    assert made.expected(REQUEST, "small") == pytest.approx((3.5 + 2 * 10) * 1e-6, rel=1e-6)


def test_the_model_that_answered_is_billed(prices: Path) -> None:
    made = costing(prices, arms())
    decision = call("large").decision
    assert made.bill(decision, answer("large")) == pytest.approx(8 * 10e-6 + 2 * 20e-6)
    assert made.bill(decision, answer("large-2026-01")) == pytest.approx(8 * 5e-6 + 2 * 7e-6)
    assert made.unpriced == {}


def test_an_answering_model_without_a_price_is_billed_as_asked_and_counted(prices: Path) -> None:
    made = costing(prices, arms())
    assert made.bill(call("small").decision, answer("who-is-this")) == pytest.approx(12e-6)
    assert made.unpriced == {"who-is-this": 1}


def test_nothing_is_billed_for_a_status_or_the_cache(prices: Path) -> None:
    made = costing(prices, arms())
    failure = Failure(kind="server", message="x", status=500)
    assert made.bill(call("small").decision, answer("small", error=failure)) == 0.0
    assert made.bill(call("small").decision, answer("small", cached=True)) == 0.0


def test_an_arm_without_a_price_is_an_error_where_cost_matters(prices: Path) -> None:
    table = {"new": Arm(name="new", model="nobody-knows", backend="b")}
    with pytest.raises(PriceError, match="nobody-knows"):
        costing(prices, table)
    assert math.isnan(costing(prices, table, needed=False).bill(call("new").decision, answer("x")))


def test_max_tokens_must_be_sent(prices: Path) -> None:
    table = {"small": Arm(name="small", model="small", backend="b")}
    with pytest.raises(ConfigError, match=r"live\.arms\.small\.recipe\.params\.max_tokens"):
        costing(prices, table).bound(REQUEST, "small")


def test_an_arm_that_might_cross_the_ceiling_is_no_candidate(prices: Path) -> None:
    bound = gate(prices).costing.bound(REQUEST, "small").usd
    admission = gate(prices, usd=2.5 * bound)
    context = admission.context(REQUEST, np.ones(1))
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ("small",)
    assert admission.reserve(call("small"))
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ("small",)
    assert admission.reserve(call("small", 1))
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ()
    assert not admission.reserve(call("small", 2))


def test_what_was_not_used_is_given_back(prices: Path) -> None:
    admission = gate(prices, usd=1.0)
    assert admission.reserve(call("small"))
    assert admission.settle(call("small"), answer("small"), 12e-6) == 12e-6
    assert admission.ceiling.left_usd == pytest.approx(1.0 - 12e-6)


def test_a_broken_answer_keeps_its_reservation(prices: Path) -> None:
    admission = gate(prices, usd=1.0)
    assert admission.reserve(call("small"))
    broken = Failure(kind="truncated", message="x", started=True, billing_unknown=True)
    admission.settle(call("small"), answer("small", error=broken), 3e-6)
    held = admission.costing.bound(REQUEST, "small").usd
    assert admission.ceiling.kept_usd == pytest.approx(held, rel=1e-6)


def test_where_not_even_a_part_is_known_the_reservation_is_the_cost(prices: Path) -> None:
    admission = gate(prices, usd=1.0)
    assert admission.reserve(call("small"))
    lost = Failure(kind="timeout", message="x", billing_unknown=True)
    cost = admission.settle(call("small"), Response(model="small", error=lost), math.nan)
    assert cost == admission.costing.bound(REQUEST, "small").usd


def test_a_provider_that_ignores_max_tokens_is_quarantined(prices: Path) -> None:
    admission = gate(prices, usd=1.0)
    context = admission.context(REQUEST, np.ones(1))
    assert admission.reserve(call("small"))
    admission.settle(call("small"), answer("small", (8.0, 5000.0)), 10_008e-6)
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ("large",)
    assert "does it ignore max_tokens" in admission.quarantined["small"]


def test_failures_open_the_breaker_and_only_that_can_be_waited_for(prices: Path) -> None:
    admission = gate(prices)
    context = admission.context(REQUEST, np.ones(1))
    down = Failure(kind="server", message="x", status=503)
    for number in range(4):
        name = ("small", "large")[number % 2]
        assert admission.reserve(call(name, number))
        admission.settle(call(name, number), answer(name, error=down), 0.0)
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ()
    assert admission.may_reopen(REQUEST, context)
    poor = gate(prices, usd=0.0)
    assert not poor.may_reopen(REQUEST, poor.context(REQUEST, np.ones(1)))


@pytest.mark.parametrize("limit", ["usd", "tokens"])
def test_held_money_may_come_back_and_spent_money_does_not(prices: Path, limit: str) -> None:
    bound = gate(prices).costing.bound(REQUEST, "small")
    admission = gate(prices)
    admission.ceiling = SpendCeiling(
        **({"usd": 1.5 * bound.usd} if limit == "usd" else {"tokens": int(1.5 * bound.tokens)})
    )
    context = admission.context(REQUEST, np.ones(1))
    assert not admission.may_reopen(REQUEST, context)  # it may be asked now
    assert admission.reserve(call("small", 0))
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ()
    assert admission.may_reopen(REQUEST, context)
    broken = Failure(kind="connection", message="x", billing_unknown=True)
    admission.settle(call("small", 0), answer("small", error=broken), 1e-6)
    assert not admission.may_reopen(REQUEST, context)  # nobody knows what it cost: it stays held


def test_a_request_that_waits_is_counted_once(prices: Path) -> None:
    admission = gate(prices, usd=1.0)
    for again in (False, True, True, False):
        context = admission.context(REQUEST, np.ones(1), again=again)
    assert context.budget is not None
    assert context.budget.horizon_left == 1.0 - 1 / 4


def test_an_arm_that_cannot_is_no_candidate(prices: Path) -> None:
    admission = gate(prices, capabilities=frozenset({"vision"}))
    request = Request(id="r", messages=REQUEST.messages, params={"tools": [{"type": "function"}]})
    context = admission.context(request, np.ones(1))
    assert admission.narrow(request, context, frozenset()).candidates == ()
    assert admission.narrow(REQUEST, context, frozenset()).candidates == ("small", "large")


def test_a_prompt_beyond_the_window_is_no_candidate(prices: Path) -> None:
    admission = gate(prices, context_window=20)
    long = Request(id="r", messages=({"role": "user", "content": "word " * 50},))
    context = admission.context(long, np.ones(1))
    assert admission.narrow(long, context, frozenset()).candidates == ()


def test_the_budget_that_policies_see_runs_down(prices: Path) -> None:
    admission = gate(prices, usd=1.0)
    horizons = []
    for _ in range(5):
        budget = admission.context(REQUEST, np.ones(1)).budget
        assert budget is not None
        horizons.append(budget.horizon_left)
    assert horizons == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_what_a_request_needs() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    request = Request(
        id="r",
        messages=({"role": "user", "content": [image]},),
        params={"tools": [{}], "response_format": {"type": "json_schema"}},
    )
    assert needs(request) == {"vision", "tools", "json_schema"}


def test_processor_time_is_billed_where_it_has_a_price(prices: Path) -> None:
    costs = costing(prices, arms(), usd_per_core_hour=0.05)
    name = next(iter(arms()))
    decision, timed = call(name).decision, answer(arms()[name].model, signals={"compute_s": 7.2})
    assert costs.bill(decision, timed) == pytest.approx(1e-4, rel=1e-12)
    assert costs.cost(name, timed.usage, timed.signals) == pytest.approx(1e-4, rel=1e-12)
    assert math.isnan(costs.bound(REQUEST, name).usd)  # nobody knows it beforehand
    assert costs.bound(REQUEST, name).tokens > 0
    assert math.isnan(costs.expected(REQUEST, name))
    by_tokens = costing(prices, arms())
    assert by_tokens.bill(decision, timed) == by_tokens.cost(name, timed.usage, {}) > 0
