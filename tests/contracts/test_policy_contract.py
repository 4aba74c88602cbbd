"""What every policy promises about deciding."""

from __future__ import annotations

import inspect
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import chi2

from gairp.errors import FeatureError, PolicyError
from gairp.policies.base import BasePolicy
from gairp.protocols import Policy
from gairp.rng import DecisionRng
from gairp.types import Context, Decision
from tests.contracts.policy_cases import BOUND_TO_ARMS, Case, cases, policy_classes, policy_files
from tests.contracts.policy_world import (
    ARMS,
    context,
    feedback,
    fingerprint,
    outcome,
    ready,
    run,
    snapshot,
)

DRAWS = 2_000


def decide(policy: Policy, at: Context, seed: int = 0) -> Decision:
    return policy.decide(at, DecisionRng(seed, at.request_id))


def refuses(policy: BasePolicy, at: Context) -> bool:
    """Whether the policy is bound to arms that are no candidates, and says so."""
    if type(policy).__name__ not in BOUND_TO_ARMS or set(at.candidates) >= set(ARMS):
        return False
    try:
        decide(policy, at)
    except PolicyError as error:
        return at.request_id in str(error)
    return False


def well_formed(decision: Decision, at: Context) -> bool:
    """Whether a decision keeps the promises that need no second decision to check."""
    p = np.array(decision.probabilities)
    assert len(p) == len(at.candidates)
    assert p.min() >= 0.0
    assert p.sum() == pytest.approx(1.0, abs=1e-9)
    assert decision.propensity == p[at.candidates.index(decision.arm)]
    assert decision.propensity > 0.0
    assert decision.scores is None or len(decision.scores) == len(p)
    assert decision.request_id == at.request_id
    return True


def test_every_policy_and_every_file_is_covered() -> None:
    names = {f"{cls.__module__}.{cls.__name__}" for cls in policy_classes()}
    assert {"gairp.policies.linucb.LinUCB", "gairp.policies.random.Random"} <= names
    assert {config["_target_"] for config in policy_files().values()} <= names
    assert {case.policy for case in cases()} == set(policy_classes())


def test_constructor_is_the_configuration(case: Case) -> None:
    policy = case.build()
    parameters = inspect.signature(type(policy)).parameters
    assert {"utility", "name"} <= set(parameters)
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters.values())
    assert set(policy.parameters()) == set(parameters)
    assert isinstance(policy, Policy)
    assert policy.name == case.label


def test_decisions_are_well_formed(case: Case) -> None:
    policy = ready(case)
    for i, decision in enumerate(run(policy, range(60))):
        assert well_formed(decision, context(i))
        assert decision.policy == case.label
        assert decision.state_version == (i if policy.learns else 0)
    assert policy.state_version == (60 if policy.learns else 0)


def test_probabilities_match_frequencies(case: Case) -> None:
    policy = ready(case)
    run(policy, range(30))
    x = context(77).features
    requests = [context(i, features=x) for i in range(DRAWS)]
    decisions = [decide(policy, at) for at in requests]
    expected = np.sum([d.probabilities for d in decisions], axis=0)
    chosen = Counter(d.arm for d in decisions)
    observed = np.array([chosen[arm] for arm in ARMS], dtype=np.float64)
    assert (observed[expected == 0.0] == 0.0).all()
    # Cells that hardly ever come up are pooled: the statistic is a χ² only for larger ones.
    rare = expected < 5.0
    cells = [*expected[~rare], expected[rare].sum()]
    counts = [*observed[~rare], observed[rare].sum()]
    statistic = sum((n - e) ** 2 / e for n, e in zip(counts, cells, strict=True) if e > 0)
    freedom = sum(e > 0 for e in cells) - 1
    assert statistic < 1e-6 if freedom == 0 else chi2.sf(statistic, freedom) > 1e-4


def test_same_seed_same_stream(case: Case) -> None:
    first, second = run(ready(case), range(80)), run(ready(case), range(80))
    assert fingerprint(first) == fingerprint(second)


def test_another_seed_gives_other_draws_of_the_same_probabilities(case: Case) -> None:
    policy = ready(case)
    run(policy, range(30))
    one = [decide(policy, context(i), seed=1) for i in range(200)]
    two = [decide(policy, context(i), seed=2) for i in range(200)]
    if all(d.propensity > 0.99 for d in one):
        assert [d.arm for d in one] == [d.arm for d in two]
    else:
        assert [d.arm for d in one] != [d.arm for d in two]


def test_decide_changes_no_state(case: Case) -> None:
    policy = ready(case)
    run(policy, range(20))
    before = snapshot(policy)
    for i in range(200, 220):
        decide(policy, context(i))
        decide(policy, context(i, arms=("new", "huge", "tiny")))
    assert snapshot(policy) == before


def test_probabilities_follow_the_arm_and_not_its_place(case: Case) -> None:
    policy = ready(case)
    run(policy, range(40))
    for i in range(40, 50):
        straight = decide(policy, context(i))
        turned = decide(policy, context(i, arms=ARMS[::-1]))
        assert turned.probabilities[::-1] == pytest.approx(straight.probabilities, abs=1e-6)


def test_candidates_come_and_go(case: Case) -> None:
    policy = ready(case)
    pools = [ARMS, ("huge", "tiny"), (*ARMS, "new"), ("new", "small", "tiny"), ("small",), ARMS]
    learned = 0
    for i in range(60):
        at = context(i, arms=pools[i % len(pools)])
        if refuses(policy, at):
            continue
        decision = decide(policy, at)
        assert well_formed(decision, at)
        learned += policy.learns
        policy.observe(at, decision, outcome(at))
        policy.learn(at, decision, outcome(at), feedback(decision, float(i % 3 == 0)))
    assert policy.state_version == learned


def test_one_candidate_is_certain(case: Case) -> None:
    policy = ready(case)
    for trained in (False, True):
        if trained:
            run(policy, range(20))
        for arm in (*ARMS, "new"):
            at = context(3, arms=(arm,))
            if not refuses(policy, at):
                decision = decide(policy, at)
                assert decision.arm == arm
                assert decision.propensity == pytest.approx(1.0, abs=1e-12)


def test_no_candidate_is_refused(case: Case) -> None:
    with pytest.raises(PolicyError, match="r4: no candidate"):
        decide(ready(case), context(4, arms=()))


@pytest.mark.parametrize(
    ("costs", "winner"),
    [
        ([3.0, 1.0, 2.0, 1.0], "huge"),  # "small" costs as little; "huge" comes first by name
        ([1.0, 1.0, 1.0, 1.0], "huge"),
        ([2.0, 3.0, 1.0, 4.0], "large"),
        ([np.nan, 3.0, np.nan, 4.0], "small"),
        ([np.nan, np.nan, np.nan, np.nan], "huge"),
    ],
)
@pytest.mark.kinds("greedy", "learner")
def test_ties_go_to_the_cheapest_then_by_name(case: Case, costs: list[float], winner: str) -> None:
    """Before it has learned, a learner has no reason to prefer an arm."""
    policy = ready(case)
    for i in range(5):
        decision = decide(policy, context(i, costs=costs))
        assert decision.scores is not None
        assert len(set(decision.scores)) == 1
        assert (decision.arm, decision.propensity) == (winner, 1.0)


@pytest.mark.kinds("greedy")
def test_a_greedy_policy_takes_the_highest_score(case: Case) -> None:
    for decision in run(ready(case), range(40)):
        assert decision.propensity == 1.0
        assert decision.scores is not None
        assert decision.scores[ARMS.index(decision.arm)] == max(decision.scores)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite_are_refused(case: Case, bad: float) -> None:
    policy = ready(case)
    run(policy, range(20))
    x = context(50).features.copy()
    x[2] = bad
    broken = context(50, features=x)
    if not policy.reads_features:
        assert well_formed(decide(policy, broken), broken)
        return
    before = snapshot(policy)
    with pytest.raises(FeatureError, match="r50: the features hold a NaN"):
        decide(policy, broken)
    if policy.learns:
        decision = decide(policy, context(50))
        with pytest.raises(FeatureError, match="r50: the features hold a NaN"):
            policy.learn(broken, decision, outcome(broken), feedback(decision, 1.0))
    assert snapshot(policy) == before


@pytest.mark.parametrize("width", [0, 3, 9])
def test_features_of_another_width_are_refused(case: Case, width: int) -> None:
    policy = ready(case)
    run(policy, range(20))
    narrow = context(50, features=np.full(width, 0.5))
    if not policy.reads_features:
        assert well_formed(decide(policy, narrow), narrow)
        return
    before = snapshot(policy)
    with pytest.raises(FeatureError, match="features"):
        decide(policy, narrow)
    if policy.learns:
        for arm in ("new", "tiny"):  # an arm that was never seen must not leave a trace either
            at = context(50, arms=(arm,))
            decision = decide(policy, at)
            given = context(50, arms=(arm,), features=np.full(width, 0.5))
            with pytest.raises(FeatureError, match="features"):
                policy.learn(given, decision, outcome(given), feedback(decision, 1.0))
    assert snapshot(policy) == before


def test_arms_of_one_policy_do_not_depend_on_hidden_order(case: Case) -> None:
    """The same requests in a row, one with an extra decision between: the same decisions."""
    plain, disturbed = ready(case), ready(case)
    assert run(plain, range(10)) == run(disturbed, range(10))
    decide(disturbed, context(999))
    for i, j in pairwise(range(10, 20)):
        assert decide(plain, context(i)) == decide(disturbed, context(i))
        decide(disturbed, context(j + 100))
