"""What every learned router keeps: its rows, its arms, its features, its predictions."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from gairp.errors import ConfigError, FeatureError, NotFittedError, PolicyError, StateError
from gairp.policies.learned.logistic import Logistic
from gairp.policies.learned.router import LearnedRouter
from gairp.rewards import Utility
from tests.contracts.policy_cases import policy_classes
from tests.policies.learned.world import ROUTERS, World
from tests.policies.trained import decide, fitted

WORLD = World.drawn(300, seed=1, arms=3, d=5)
TEST = World.drawn(50, seed=2, arms=3, d=5)
every_router = pytest.mark.parametrize("name", sorted(ROUTERS))


def trained(name: str, world: World = WORLD) -> LearnedRouter:
    """A router fitted on all of a world."""
    return fitted(ROUTERS[name](), world.training_set())


def test_every_learned_router_is_tested() -> None:
    learned = {cls for cls in policy_classes() if issubclass(cls, LearnedRouter)}
    assert learned == {type(build()) for build in ROUTERS.values()}


@every_router
def test_a_batch_says_what_one_decision_says(name: str) -> None:
    router = trained(name)
    batch = router.estimates(TEST.features)
    assert batch.shape == (50, len(router.arms))
    for x, row in zip(TEST.features[:10], batch, strict=False):
        scores = dict(zip("abc", decide(router, x=x).scores or (), strict=True))
        assert [scores[arm] for arm in router.arms] == pytest.approx(row, abs=1e-9)


@every_router
def test_a_saved_router_predicts_the_same_bits(name: str) -> None:
    router, again = trained(name), ROUTERS[name]()
    again.load(router.save())
    assert np.array_equal(again.estimates(TEST.features), router.estimates(TEST.features))
    assert again.arms == router.arms
    assert again.save() == router.save()
    assert trained(name).save() == router.save()
    assert b"sklearn" not in router.save()


@every_router
def test_a_state_of_other_arms_or_features_is_refused_by_name(name: str) -> None:
    router = trained(name)
    other = msgspec.structs.replace(WORLD.training_set(), arms=("x", "y", "z"))
    before = router.save()
    with pytest.raises(StateError, match=r"is of arms x, .*z, .* is fitted on a, .*c; load"):
        router.load(fitted(ROUTERS[name](), other).save())
    narrow = World.drawn(300, seed=1, arms=3, d=4)
    with pytest.raises(StateError, match=r"is of 4 features, .* is fitted on 5"):
        router.load(trained(name, narrow).save())
    assert router.save() == before


@every_router
def test_refuses_what_it_cannot_do(name: str) -> None:
    with pytest.raises(NotFittedError, match="must be fitted"):
        ROUTERS[name]().estimates(TEST.features)
    with pytest.raises(FeatureError, match="fitted on 5 features and is given 2"):
        trained(name).estimates(np.ones((3, 2)))


def test_cost_comes_by_the_context() -> None:
    """The same router under other prices chooses otherwise, without another fit."""
    router = fitted(Logistic(utility=Utility(cost_weight=1.0)), WORLD.training_set())
    quality = router.estimates(TEST.features[:1])[0]
    for costs in ([1e-4, 2e-4, 3e-4], [9e-4, 1e-4, 5e-4]):
        expected = quality - 1000.0 * np.array(costs)
        decision = decide(router, costs=costs, x=TEST.features[0])
        assert decision.scores == pytest.approx(expected, abs=1e-12)
        assert decision.arm == "abc"[int(expected.argmax())]


def test_refusals() -> None:
    with pytest.raises(ConfigError, match=r"logistic\.calibration is 'beta'"):
        Logistic(calibration="beta")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"logistic\.holdout is 1"):
        Logistic(holdout=1.0)
    bad = msgspec.structs.replace(WORLD.training_set(), score=2.0 * WORLD.score)
    with pytest.raises(PolicyError, match=r"run from 0\.0 to 2\.0"):
        fitted(Logistic(), bad)
    few = World.drawn(1, seed=1).training_set()
    with pytest.raises(PolicyError, match="too few to hold"):
        fitted(Logistic(calibration="platt"), few)
