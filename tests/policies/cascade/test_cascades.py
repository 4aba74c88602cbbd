"""Every attempt is paid for, nobody is asked twice, and going on is worth it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.errors import ConfigError, FeatureError, PolicyError
from gairp.policies.budget.request_cap import RequestCap
from gairp.policies.cascade.base import Cascade
from gairp.policies.cascade.chain import Chain
from gairp.policies.cascade.routing import CascadeRouting
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Attempt, Context, Response
from tests.policies.cascade.world import ARMS, COST, Kept, World, served

TRAIN, TEST = World.drawn(800, seed=1), World.drawn(500, seed=2)
UTILITY = Utility(cost_weight=0.03)  # a large answer costs 0.3
RNG = DecisionRng(0, "any")


def fitted(policy: Cascade, world: World = TRAIN) -> Cascade:
    policy.fit(world.training_set(), np.random.default_rng(0))  # type: ignore[attr-defined]
    return policy


def frugal(**more: Any) -> Chain:
    return Chain(signals=["sign"], **{"utility": UTILITY, **more})


def routing(**more: Any) -> CascadeRouting:
    given = {"signals": ["sign"], "utility": UTILITY, **more}
    return CascadeRouting(**given)


def worth(kept: Kept) -> float:
    return float(np.mean([UTILITY.of(q, o.total_cost_usd, 0.0) for _, _, o, q in kept.rows]))


def asked(policy: Cascade | RequestCap, world: World) -> list[list[str]]:
    rows = served(world, policy).rows
    return [[attempt.decision.arm for attempt in outcome.attempts] for _, _, outcome, _ in rows]


@settings(max_examples=10, deadline=None)
@given(
    seed=st.integers(0, 1000),
    kind=st.sampled_from(["frugal", "verify", "routing"]),
    longest=st.integers(1, 3),
    cost_weight=st.floats(0.0, 0.2),
    cap=st.one_of(st.none(), st.floats(1.6e-3, 3e-2)),
)
def test_every_attempt_is_paid_and_waited_for(
    seed: int, kind: str, longest: int, cost_weight: float, cap: float | None
) -> None:
    world = World.drawn(40, seed)
    more: dict[str, Any] = {"longest": longest, "utility": Utility(cost_weight=cost_weight)}
    inner: Cascade = frugal(**more)
    if kind != "frugal":
        inner = Chain(verify="sign", **more) if kind == "verify" else routing(**more)
    policy = RequestCap(policy=fitted(inner, world), cap_usd=cap)
    kept = served(world, policy)
    assert len(kept.rows) == 40
    for prompt, context, outcome, quality in kept.rows:
        arms = [attempt.decision.arm for attempt in outcome.attempts]
        columns = [ARMS.index(arm) for arm in arms]
        assert prompt.cost_usd is not None
        assert prompt.latency_s is not None
        assert outcome.total_cost_usd == pytest.approx(prompt.cost_usd[columns].sum(), rel=1e-12)
        assert outcome.latency_s == pytest.approx(prompt.latency_s[columns].sum(), rel=1e-12)
        assert quality == prompt.quality[columns[-1]]
        assert len(set(arms)) == len(arms) <= longest
        kinds = [attempt.decision.kind for attempt in outcome.attempts]
        assert kinds == ["primary", *["escalation"] * (len(arms) - 1)]
        assert [a.decision.attempt for a in outcome.attempts] == list(range(len(arms)))
        if cap is not None:
            assert context.max_cost[columns].sum() <= cap
        # The next decision follows from its arguments, and changes nothing.
        before = policy.save()
        for n in range(1, len(arms) + 1):
            first, again = (policy.next_decision(context, outcome.attempts[:n], RNG) for _ in "ab")
            assert first == again
            taken = None if first is None else first.arm
            assert taken == (arms[n] if n < len(arms) else None)
        assert policy.save() == before


def test_a_cap_holds_over_all_attempts_and_never_reads_what_one_came_to_cost() -> None:
    inner = fitted(Chain(verify="sign", chain=ARMS, threshold=9.0))
    # At most 1.5, 6 and 15 thousandths: the first two fit, the third does not.
    policy = RequestCap(policy=inner, cap_usd=8e-3)
    assert {tuple(arms) for arms in asked(policy, TEST)} == {("small", "middle")}
    _, context, outcome, _ = served(TEST, policy).rows[0]
    for realised in (0.0, 1e-6, 8e-3, 1.0):
        attempt = msgspec.structs.replace(outcome.attempts[0], cost_usd=realised)
        following = policy.next_decision(context, [attempt], RNG)
        assert following is not None
        assert following.arm == "middle"
        assert following.probabilities == (0.0, 1.0, 0.0)
    # A call that was made again counts again; one of an arm without a bound leaves nothing.
    retried = msgspec.structs.replace(outcome.attempts[0], calls=2)
    assert policy.next_decision(context, [retried], RNG) is None
    unknown = msgspec.structs.replace(context, max_cost=np.array([np.nan, 6e-3, 15e-3]))
    assert policy.next_decision(unknown, outcome.attempts[:1], RNG) is None


def test_a_chain_goes_on_below_its_threshold() -> None:
    policy = fitted(Chain(verify="sign", threshold=0.5, chain=ARMS))
    for prompt, _, outcome, _ in served(TEST, policy).rows[:150]:
        signs = prompt.signals["sign"] >= 0.5
        expected = int(np.argmax(np.append(signs[:2], True))) + 1
        assert len(outcome.attempts) == expected


def test_what_train_says_is_what_the_replay_gives() -> None:
    """The chain's worth on its own rows, and no other chain or threshold is worth more."""
    policy = fitted(Chain(verify="sign", utility=UTILITY))
    assert isinstance(policy, Chain)
    chosen = worth(served(TRAIN, policy))
    for threshold in (-1.0, 0.2, 0.4, 0.6, 0.8, 2.0):
        for chain in (ARMS, ARMS[:2], ARMS[1:], ARMS[::2], ARMS[2:]):
            more: dict[str, Any] = {"chain": chain, "threshold": threshold, "utility": UTILITY}
            other = fitted(Chain(verify="sign", **more))
            assert worth(served(TRAIN, other)) <= chosen + 1e-3


def test_cascades_are_worth_more_than_any_arm_and_routing_no_less_than_the_chain() -> None:
    alone = max(float((TEST.score[:, a] - 30.0 * TEST.cost[:, a]).mean()) for a in range(3))
    chain, router = worth(served(TEST, fitted(frugal()))), worth(served(TEST, fitted(routing())))
    assert chain > alone + 0.05
    assert router > alone + 0.05
    assert router > chain - 0.02


def test_a_sign_that_says_nothing_is_not_paid_for() -> None:
    """Where the answer's sign is noise and cost is dear, asking again does not pay."""
    blind, other = World.drawn(800, seed=4, noise=100.0), World.drawn(300, seed=5, noise=100.0)
    dear = Utility(cost_weight=0.08)
    for policy in (routing(utility=dear), frugal(utility=dear)):
        assert np.mean([len(arms) for arms in asked(fitted(policy, blind), other)]) < 1.3


def test_prices_of_the_moment_count() -> None:
    """Where the large arm costs nothing it is asked at once; dear, it is not."""
    policy = fitted(routing())
    at = Context(
        request_id="r", features=TEST.features[0], candidates=ARMS, expected_cost=COST,
        max_cost=COST,
    )  # fmt: skip
    free = msgspec.structs.replace(at, expected_cost=np.array([1e-3, 4e-3, 0.0]))
    assert policy.decide(free, RNG).arm == "large"
    dear = msgspec.structs.replace(at, expected_cost=np.array([1e-3, 4e-3, 1.0]))
    first = policy.decide(dear, RNG)
    assert first.arm != "large"
    wrong = Attempt(
        decision=first, response=Response(model="m", signals={"sign": -1.0}, latency_s=0.1),
        cost_usd=1e-3,
    )  # fmt: skip
    following = policy.next_decision(dear, [wrong], RNG)
    assert following is None or following.arm != "large"
    now = policy.next_decision(free, [wrong], RNG)
    assert now is not None
    assert now.arm == "large"


def test_the_same_model_is_asked_once_unless_a_chain_names_it_twice() -> None:
    alike = {"small": "one", "large": "one"}
    for policy in (routing(models=alike, utility=None), frugal(models=alike, utility=None)):
        for arms in asked(fitted(policy), TEST):
            assert not {"small", "large"} <= set(arms)
    twice = fitted(Chain(chain=["small", "small", "large"], verify="sign", threshold=0.5))
    seen = {tuple(arms) for arms in asked(twice, TEST)}
    assert seen == {("small",), ("small", "small", "large")}


@pytest.mark.parametrize("make", [frugal, routing])
def test_a_saved_cascade_goes_on_alike(make: type[Cascade]) -> None:
    policy = fitted(make())
    restored = policy.fresh()
    restored.load(policy.save())
    assert asked(restored, TEST) == asked(policy, TEST) == asked(policy.clone(), TEST)
    assert max(len(arms) for arms in asked(policy, TEST)) > 1


def test_what_a_cascade_cannot_do_is_said() -> None:
    with pytest.raises(PolicyError, match=r"'voice' and the training rows have \['sign'\]"):
        fitted(Chain(signals=["voice"]))
    with pytest.raises(PolicyError, match=r"\['giant'\] have no training row"):
        fitted(Chain(chain=["giant"]))
    with pytest.raises(ConfigError, match=r"names 0 arms; give 1 to 3"):
        Chain(chain=[])
    with pytest.raises(ConfigError, match="give one of the two"):
        Chain(signals=["sign"], verify="sign")
    with pytest.raises(ConfigError, match="ridge above 0 and margin of at least 0"):
        CascadeRouting(margin=-1.0)
    with pytest.raises(ConfigError, match="longest of at least 1"):
        Chain(longest=0)
    policy = fitted(routing())
    _, context, outcome, _ = served(TEST, policy).rows[0]
    narrow = msgspec.structs.replace(context, features=np.ones(1))
    with pytest.raises(FeatureError, match="fitted on 2 features and is given 1"):
        policy.next_decision(narrow, outcome.attempts, RNG)
