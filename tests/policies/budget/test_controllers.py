"""Controllers against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError, OverBudgetError, PriceError
from gairp.policies.budget.account import Account, overshoot
from gairp.policies.budget.costs import RidgeCosts
from gairp.policies.budget.dual import DualPrice
from gairp.policies.budget.latency_slo import LatencySLO
from gairp.policies.budget.pacer import BudgetPacer
from gairp.policies.budget.priced import priced
from gairp.policies.budget.request_cap import RequestCap
from gairp.policies.budget.spend_curve import SpendCurve
from gairp.policies.budget.target_cost import TargetCost
from gairp.policies.greedy_linear import GreedyLinear
from gairp.policies.random import Random
from gairp.rng import DecisionRng
from gairp.types import Budget, Context, Decision, Outcome, TrainingSet

NAN = float("nan")


def context(i: int, cost: list[float], budget: Budget | None = None) -> Context:
    costs = np.array(cost)
    names = tuple("abc"[: len(cost)])
    return Context(
        request_id=f"r{i}", features=np.ones(1), candidates=names, expected_cost=costs,
        max_cost=2 * costs, budget=budget,
    )  # fmt: skip


def outcome(at: Context, cost: float, latency: float = 0.0) -> Outcome:
    return Outcome(
        request_id=at.request_id, attempts=(), total_cost_usd=cost, latency_s=latency,
        completed_at=0.0,
    )  # fmt: skip


def decision(p: list[float], scores: list[float] | None = None) -> Decision:
    first = int(np.argmax(p))
    return Decision(
        id="r/0", request_id="r", arm="abc"[first], propensity=p[first], probabilities=tuple(p),
        policy="x", state_version=0, scores=None if scores is None else tuple(scores),
    )  # fmt: skip


def test_the_spend_curve_by_hand() -> None:
    """Four requests of gain 1, 2, 3, 4 tenths for an arm that costs 1 more."""
    curve = SpendCurve(10)
    for gain in (0.1, 0.2, 0.3, 0.4):
        curve.add("ab", [0.5, 0.5 + gain], np.array([1.0, 2.0]), draws=False)
    assert [curve.spend(price) for price in (0.0, 0.15, 0.25, 0.35, 0.5)] == [2, 1.75, 1.5, 1.25, 1]
    assert curve.cheapest() == 1.0
    assert curve.price(2.0) == 0.0
    assert curve.price(1.6) == pytest.approx(0.2)
    assert curve.price(1.5) == pytest.approx(0.2)
    assert curve.price(1.1) == pytest.approx(0.4)
    # Money is thrown at the dear arm where little would be spent otherwise.
    turned = SpendCurve(10)
    for loss in (0.1, 0.2, 0.3, 0.4):
        turned.add("ab", [0.5, 0.5 - loss], np.array([1.0, 2.0]), draws=False)
    assert turned.price(2.0) == 0.0
    assert turned.price(2.0, at_least=1.5) == pytest.approx(-0.2)


def test_a_window_gives_way_to_what_is_new() -> None:
    curve = SpendCurve(2)
    for cost in (1.0, 2.0, 3.0):
        curve.add("a", [1.0], np.array([cost]), draws=False)
    assert curve.spend(0.0) == 2.5
    curve.add("b", [1.0], np.array([5.0]), draws=False)  # an arm that was not there before
    assert curve.spend(0.0) == 4.0
    other = SpendCurve(2)
    other.restore(curve.state())
    assert other.spend(0.0) == 4.0


def test_a_drawn_choice_is_tilted() -> None:
    """p exp(-charge), renormalised: odds of 1 to 3 become odds of 1 to 1."""
    rng = DecisionRng(0, "r")
    at = context(0, [1.0, 2.0])
    charged = priced(
        decision([0.25, 0.75]), np.array([0.0, np.log(3.0)]), at, rng, takes_best=False
    )
    assert charged.probabilities == pytest.approx((0.5, 0.5))
    assert charged.propensity == pytest.approx(0.5)
    curve = SpendCurve(5)
    curve.add("ab", [0.25, 0.75], np.array([1.0, 2.0]), draws=True)
    assert curve.spend(0.0) == pytest.approx(1.75)
    assert curve.spend(np.log(3.0)) == pytest.approx(1.5)  # charged log 3 and 2 log 3


def test_a_best_choice_is_charged() -> None:
    at, rng = context(0, [1.0, 2.0]), DecisionRng(0, "r")
    inner = decision([0.0, 1.0], [0.5, 0.7])
    kept = priced(inner, np.array([0.1, 0.2]), at, rng, takes_best=True)
    assert (kept.arm, kept.scores) == ("b", (0.5, 0.7))
    moved = priced(inner, np.array([0.1, 0.4]), at, rng, takes_best=True)
    assert (moved.arm, moved.propensity, moved.probabilities) == ("a", 1.0, (1.0, 0.0))


def test_accounts() -> None:
    account = Account()
    account.pay(3.0, 2.0)
    assert account.ratio(0.0) == 1.5
    assert account.ratio(2.0) == 1.25
    account.renew()
    assert (account.past_usd, account.requests, account.spent_usd) == ([3.0], 0, 0.0)
    assert (overshoot(1.5, 1.0), overshoot(0.5, 1.0)) == (0.5, 0.0)


def test_a_dual_price_moves_by_the_violation() -> None:
    price = DualPrice(step=0.1, ceiling=0.25)
    price.move(3.0, 1.0)
    assert price.value == pytest.approx(0.2)
    price.move(3.0, 1.0)
    assert price.value == 0.25
    price.move(0.0, 1.0)
    assert price.value == pytest.approx(0.15)


def test_ridge_costs_are_those_of_the_model_that_made_them() -> None:
    """log cost = 2x - 9 and noise: the exponential is scaled to the true mean."""
    rng = np.random.default_rng(0)
    model = RidgeCosts(ridge=1e-6)
    x = np.column_stack([np.ones(4_000), rng.uniform(-1, 1, 4_000)])
    for row in x:
        paid = float(np.exp(2.0 * row[1] - 9.0 + rng.normal(0.0, 0.5)))
        model.learn("a", row, paid, expected_usd=7.0)
    at = context(0, [7.0, 8.0])
    for z in (-0.5, 0.0, 0.5):
        given = Context(
            request_id="r", features=np.array([1.0, z]), candidates=("a", "b"),
            expected_cost=at.expected_cost, max_cost=at.max_cost,
        )  # fmt: skip
        cost = model.expected(given)
        assert cost[0] == pytest.approx(np.exp(2.0 * z - 9.0 + 0.125), rel=0.05)
        assert cost[1] == 8.0  # never called: the context's
    model.learn("a", x[0], 0.0, expected_usd=7.0)
    assert model.state()["paid"]["a"][0] == 4_000


def test_relative_costs_follow_an_announced_price_at_once() -> None:
    """An arm that costs twice what is expected of it, whatever that is."""
    model = RidgeCosts(ridge=1e-9, relative=True)
    x = np.ones(1)
    for _ in range(20):
        model.learn("a", x, 6.0, expected_usd=3.0)
    model.learn("a", x, 6.0, expected_usd=0.0)  # no ratio to learn
    for listed in (3.0, 0.3):
        given = Context(
            request_id="r", features=x, candidates=("a",),
            expected_cost=np.array([listed]), max_cost=np.array([9.0]),
        )  # fmt: skip
        assert model.expected(given)[0] == pytest.approx(2.0 * listed)
    assert model.state()["paid"]["a"][0] == 20.0
    assert model.fresh().relative


def test_a_cap_narrows_and_refuses() -> None:
    policy = RequestCap(policy=Random(), cap_usd=4.0)
    chosen = policy.decide(context(0, [1.0, 2.0, 3.0]), DecisionRng(0, "r"))
    assert chosen.probabilities == (0.5, 0.5, 0.0)
    tight = Budget(left_usd=9.0, total_usd=9.0, horizon_left=1.0, cap_per_request_usd=2.0)
    chosen = policy.decide(context(0, [1.0, 2.0, NAN], tight), DecisionRng(0, "r"))
    assert chosen.probabilities == (1.0, 0.0, 0.0)
    with pytest.raises(OverBudgetError, match="r1: no candidate costs at most 4 USD; the least"):
        policy.decide(context(1, [3.0, 4.0]), DecisionRng(0, "r"))


def test_a_pacer_keeps_each_tenant_to_a_budget_of_its_own() -> None:
    """One has money for the dear arm throughout, the other for the cheap one alone."""
    policy = BudgetPacer(policy=Random(), requests=400)
    left = {"rich": 800.0, "poor": 401.0}
    taken: dict[str, list[float]] = {"rich": [], "poor": []}
    for i in range(800):
        key = "rich" if i % 2 else "poor"
        budget = Budget(
            left_usd=left[key], total_usd=800.0 if i % 2 else 401.0,
            horizon_left=1.0 - (i // 2) / 400, key=key,
        )  # fmt: skip
        at = context(i, [1.0, 2.0], budget)
        chosen = policy.decide(at, DecisionRng(0, at.request_id))
        cost = 1.0 if chosen.arm == "a" else 2.0
        policy.observe(at, chosen, outcome(at, cost))
        left[key] -= cost
        taken[key].append(cost)
    assert sum(taken["poor"]) <= 401.0
    # At a price of 0 the random policy is left alone.
    assert np.mean(taken["rich"]) == pytest.approx(1.5, abs=0.1)
    assert policy.accounts["rich"].price == 0.0
    assert policy.accounts["poor"].requests == 400


def test_a_horizon_of_its_own_begins_anew() -> None:
    policy = BudgetPacer(policy=Random(), budget_usd=15.0, requests=10)
    for i in range(25):
        at = context(i, [1.0, 2.0])
        chosen = policy.decide(at, DecisionRng(0, at.request_id))
        policy.observe(at, chosen, outcome(at, 1.0 if chosen.arm == "a" else 2.0))
    account = policy.accounts[""]
    assert (len(account.past_usd), account.requests) == (2, 5)
    assert max(account.past_usd) <= 15.0
    with pytest.raises(PriceError, match="its cost is nan; a budget needs a price"):
        policy.observe(at, chosen, outcome(at, NAN))


def test_fitting_fills_the_window_with_predictions_out_of_fold() -> None:
    """The quality that a router knows of its own training rows would promise too much."""
    rng = np.random.default_rng(0)
    n = 300
    score = rng.random((n, 2))  # noise: out of fold nothing is to be had
    train = TrainingSet(
        arms=("a", "b"), features=rng.normal(size=(n, 100)), score=score,
        cost_usd=np.tile([1.0, 2.0], (n, 1)), latency_s=np.full((n, 2), NAN),
        observed=np.ones((n, 2), dtype=bool),
    )  # fmt: skip
    policy = BudgetPacer(policy=GreedyLinear(predict="quality", ridge=1e-6), requests=10)
    policy.fit(train, np.random.default_rng(1))
    assert len(policy._curve) == n
    estimates = policy.policy.estimates(train.features)  # type: ignore[attr-defined]
    within = np.corrcoef(estimates[:, 1] - estimates[:, 0], score[:, 1] - score[:, 0])[0, 1]
    seen = policy._curve.state()
    assert within > 0.5
    assert seen["costs"].mean(axis=0).tolist() == [1.0, 2.0]


def test_a_target_cost_is_kept() -> None:
    policy = TargetCost(policy=Random(), target_usd=1.25, step=0.1)
    spent = []
    for i in range(3_000):
        at = context(i, [1.0, 2.0])
        chosen = policy.decide(at, DecisionRng(0, at.request_id))
        spent.append(1.0 if chosen.arm == "a" else 2.0)
        policy.observe(at, chosen, outcome(at, spent[-1]))
    assert np.mean(spent) == pytest.approx(1.25, abs=0.01)
    assert policy.price > 0


def test_a_latency_objective_is_kept() -> None:
    """The dear arm is late half the time, the cheap one never: a tenth may be late."""
    policy = LatencySLO(policy=Random(), seconds=1.0, share=0.1, step=0.005)
    luck = np.random.default_rng(0).random(4_000)
    late = []
    for i in range(4_000):
        at = context(i, [1.0, 2.0])
        chosen = policy.decide(at, DecisionRng(0, at.request_id))
        late.append(chosen.arm == "b" and luck[i] < 0.5)
        policy.observe(at, chosen, outcome(at, 1.0, 2.0 if late[-1] else 0.5))
    assert np.mean(late) == pytest.approx(0.1, abs=0.015)
    assert policy.chance("b") == pytest.approx(0.5, abs=0.15)
    assert policy.chance("a") < 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget_usd": 1.0}, "budget_pacer.budget_usd is 1.0 for None requests"),
        ({"window": 0}, "window and every of at least 1"),
        ({"margin": 1.0}, "margin in"),
        ({"exhausted": "stop"}, "there are: cheapest, refuse"),
    ],
)
def test_a_pacer_of_wrong_settings_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BudgetPacer(policy=Random(), **arguments)  # type: ignore[arg-type]
