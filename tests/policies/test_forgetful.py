"""Forgetting regressions and tallies against their closed forms; hand-overs of evidence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gairp.errors import ConfigError, FeatureError
from gairp.policies.forgetful_tally import DiscountedTally, WindowTally
from gairp.policies.gram_arms import DiscountedArms, GramArms, WindowArms
from gairp.policies.ridge_arms import RidgeArms
from gairp.policies.tally import Tally
from gairp.policies.window_linucb import WindowLinUCB

D, N = 4, 60
RNG = np.random.default_rng(8)
X = RNG.normal(size=(N, D))
ARM = RNG.choice(["a", "b"], N)
REWARD = RNG.random(N)
PROBE = RNG.normal(size=D)


def closed_form(weights: np.ndarray, arm: str, ridge: float) -> tuple[float, float]:
    """Mean and variance of a weighted ridge regression at PROBE."""
    w = weights * (arm == ARM)
    a = (X * w[:, None]).T @ X + ridge * np.eye(D)
    return float(PROBE @ np.linalg.solve(a, X.T @ (w * REWARD))), float(
        PROBE @ np.linalg.solve(a, PROBE)
    )


def taught(arms: GramArms | RidgeArms) -> GramArms | RidgeArms:
    for x, arm, reward in zip(X, ARM, REWARD, strict=True):
        arms.update(str(arm), x, float(reward))
    return arms


def test_discounted_evidence_is_weighted_by_its_age_among_all_rewards() -> None:
    arms = taught(DiscountedArms(0.7, 0.9))
    weights = 0.9 ** np.arange(N - 1, -1, -1)
    mean, variance = arms.predict(PROBE, ("a", "b", "new"))
    for i, arm in enumerate("ab"):
        assert (mean[i], variance[i]) == pytest.approx(closed_form(weights, arm, 0.7))
    assert (mean[2], variance[2]) == pytest.approx((0.0, PROBE @ PROBE / 0.7))


def test_a_window_holds_the_last_rewards_and_nothing_else() -> None:
    arms = taught(WindowArms(0.7, 25))
    mean, variance = arms.predict(PROBE, ("b", "a"))
    weights = (np.arange(N) >= N - 25) * 1.0
    for i, arm in enumerate("ba"):
        assert (mean[i], variance[i]) == pytest.approx(closed_form(weights, arm, 0.7))


@pytest.mark.parametrize(
    "make",
    [lambda: DiscountedArms(1.0, 1.0), lambda: WindowArms(1.0, 1000), lambda: RidgeArms(1.0)],
)
def test_what_forgets_nothing_is_plain_ridge_and_can_be_told_to(
    make: Callable[[], GramArms | RidgeArms],
) -> None:
    arms = taught(make())
    found = np.column_stack(arms.predict(PROBE, ("a", "b")))
    every = np.ones(N)
    assert found == pytest.approx(np.array([closed_form(every, a, 1.0) for a in "ab"]))
    arms.adopt("new", like="b", kept=1.0)
    arms.forget("a")
    found = np.column_stack(arms.predict(PROBE, ("a", "b", "new")))
    b = closed_form(every, "b", 1.0)
    assert found == pytest.approx(np.array([(0.0, PROBE @ PROBE), b, b]), abs=1e-9)


@pytest.mark.parametrize("make", [lambda: DiscountedArms(1.0, 1.0), lambda: RidgeArms(1.0)])
def test_a_share_of_the_evidence_of_all_arms(make: Callable[[], GramArms | RidgeArms]) -> None:
    arms = taught(make())
    arms.adopt("new", like=None, kept=0.2)
    a = 0.2 * (X.T @ X) / 2 + np.eye(D)
    mean = PROBE @ np.linalg.solve(a, 0.2 * X.T @ REWARD / 2)
    assert arms.predict(PROBE, ("new",))[0][0] == pytest.approx(mean)


def test_states_go_on_where_they_stopped() -> None:
    for make in (lambda: DiscountedArms(0.7, 0.9), lambda: WindowArms(0.7, 25)):
        first, second = make(), make()
        taught(first)
        second.restore(first.state())
        for arms in (first, second):
            arms.update("a", PROBE, 0.3)
        one, two = (np.stack(arms.predict(PROBE, ("a", "b"))) for arms in (first, second))
        assert one.tobytes() == two.tobytes()
    with pytest.raises(FeatureError, match="learned on 4 features and is given 2"):
        first.predict(np.ones(2), ("a",))


def test_tallies_fade_or_fall_out_of_the_window() -> None:
    fading, window = DiscountedTally(0.5), WindowTally(3)
    for arm, reward in (("a", 1.0), ("b", 0.5), ("a", 0.0), ("b", 1.0)):
        fading.add(arm, reward)
        window.add(arm, reward)
    count, total = fading.of(("a", "b", "new"))
    assert count.tolist() == [0.125 + 0.5, 0.25 + 1.0, 0.0]
    assert total.tolist() == [0.125, 0.125 + 1.0, 0.0]
    count, total = window.of(("a", "b"))
    assert (count.tolist(), total.tolist()) == ([1.0, 2.0], [0.0, 1.5])
    again = WindowTally(3)
    again.restore(window.state())
    again.add("a", 1.0)
    assert again.of(("a", "b"))[0].tolist() == [2.0, 1.0]


def test_tallies_hand_over_and_forget() -> None:
    for tally in (Tally(), WindowTally(10)):
        for arm, reward in (("a", 1.0), ("a", 0.0), ("b", 1.0), ("b", 1.0)):
            tally.add(arm, reward)
        tally.adopt("new", like="b", kept=0.5)
        tally.forget("a", kept=0.5)
        count, _ = tally.of(("a", "b", "new"))
        assert count.tolist() == [1.0, 2.0, 1.0]
        assert tally.of(("new",))[1].tolist() == [1.0]


def test_a_window_must_hold_something() -> None:
    with pytest.raises(ConfigError, match="window >= 1; got 0"):
        WindowLinUCB(window=0)
