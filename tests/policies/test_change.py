"""Detectors against closed forms and simulation; restarts and hot swaps."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError, UnknownNameError
from gairp.policies.detectors import build
from gairp.policies.detectors.cusum import Cusum
from gairp.policies.detectors.glr import Glr
from gairp.policies.hot_swap import HotSwap
from gairp.policies.linucb import LinUCB
from gairp.policies.random import Random
from gairp.policies.restarting import Restarting
from gairp.policies.thompson_beta import ThompsonBeta
from gairp.rng import DecisionRng
from tests.contracts.policy_world import ARMS, context, feedback, outcome

NAMES = ("cusum", "glr", "adwin")


def test_cusum_sounds_where_its_sum_is_full() -> None:
    test = Cusum(burn_in=10, drift=0.125, threshold=1.875)
    # The mean is 0.5; each 1.0 adds 0.375, so that the fifth fills it to 1.875.
    found = [test.update(v) for v in [0.5] * 10 + [1.0] * 5]
    assert found == [False] * 14 + [True]
    assert test.state() == {"count": 0, "mean": 0.0, "up": 0.0, "down": 0.0}


def test_glr_sounds_where_the_likelihood_ratio_passes_its_threshold() -> None:
    test = Glr(delta=0.05, every=1, least=1)
    assert not any(test.update(0.0) for _ in range(20))
    n = 21
    while not test.update(1.0):
        n += 1

    # Of 20 zeros and then ones the best cut is at 20: 20 kl(0, m) + (n - 20) kl(1, m).
    def ratio(k: int) -> float:
        return float(-20 * np.log(20 / k) - (k - 20) * np.log((k - 20) / k))

    assert ratio(n) > np.log(3 * n * np.sqrt(n) / 0.05)
    assert ratio(n - 1) <= np.log(3 * (n - 1) * np.sqrt(n - 1) / 0.05)
    assert len(test.state()["values"]) == n - 20


@pytest.mark.parametrize("name", NAMES)
def test_alarms_are_rare_without_a_change_and_quick_with_one(name: str) -> None:
    false, delays = 0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        quiet = build(name, {})
        false += any(quiet.update(float(v)) for v in rng.random(400) < 0.7)
        test, values = build(name, {}), rng.random(400) < np.repeat([0.8, 0.3], 200)
        found = [i for i, v in enumerate(values.tolist()) if test.update(float(v))]
        delays.append(min([i for i in found if i >= 200], default=400) - 200)
    assert false <= 4  # of 40; CUSUM, whose reference is an estimate, promises no rate
    assert np.median(delays) < 100
    assert max(delays) < 200


def test_an_unknown_detector_or_setting_is_named() -> None:
    with pytest.raises(UnknownNameError, match="adwin, cusum, glr"):
        build("ks", {})
    with pytest.raises(UnknownNameError, match="setting of detector glr"):
        build("glr", {"thresh": 3.0})


def teach(policy: Restarting | HotSwap, requests: range, quality: dict[str, float]) -> list[str]:
    """Let it decide and learn; the arms that were chosen."""
    chosen = []
    for i in requests:
        at = context(i, arms=tuple(quality))
        decision = policy.decide(at, DecisionRng(0, at.request_id))
        policy.learn(at, decision, outcome(at), feedback(decision, quality[decision.arm]))
        chosen.append(decision.arm)
    return chosen


@pytest.mark.parametrize("scope", ["arm", "all"])
def test_a_regression_is_noticed_and_the_arm_forgotten(scope: str) -> None:
    good = {"tiny": 0.2, "small": 0.4, "large": 0.6, "huge": 0.8}
    policy = Restarting(policy=LinUCB(alpha=0.5), scope=scope)  # type: ignore[arg-type]
    stubborn = LinUCB(alpha=0.5)
    assert set(teach(policy, range(380, 400), good)) <= set(ARMS)
    assert teach(policy, range(400), good)[-50:].count("huge") >= 48
    assert policy.alarms == 0
    after = teach(policy, range(400, 560), {**good, "huge": 0.1})
    assert policy.alarms >= 1
    assert after[-40:].count("large") >= 35
    assert policy.state_version == 580
    again = Restarting(policy=stubborn, scope=scope)  # type: ignore[arg-type]
    again.load(policy.save())
    assert again.alarms == policy.alarms
    assert again.save() == policy.save()


def test_what_cannot_forget_an_arm_must_forget_all() -> None:
    with pytest.raises(ConfigError, match="Random cannot forget a single arm; set scope=all"):
        Restarting(policy=Random())
    with pytest.raises(ConfigError, match="Random cannot take over"):
        HotSwap(policy=Random())


def test_a_new_arm_begins_as_the_one_that_it_is_like() -> None:
    good = {"tiny": 0.2, "small": 0.9}
    cold, warm = ThompsonBeta(), HotSwap(policy=ThompsonBeta(), like={"new": "small"}, trust=0.5)
    teach(warm, range(60), good)
    at = context(100, arms=("tiny", "small", "new"))
    before = warm.save()
    decision = warm.decide(at, DecisionRng(0, "r100"))
    assert warm.save() == before
    assert decision.scores is not None
    count, total = warm.policy._tally.of(("small",))  # type: ignore[attr-defined]
    expected = (1.0 + 0.5 * total[0]) / (2.0 + 0.5 * count[0])
    assert decision.scores[2] == pytest.approx(expected)
    warm.learn(at, decision, outcome(at), feedback(decision, 0.9))
    later = warm.decide(at, DecisionRng(0, "r100"))
    assert later.scores is not None
    assert later.scores[2] == pytest.approx(expected, abs=0.02)
    assert cold.decide(at, DecisionRng(0, "r100")).scores == (0.5, 0.5, 0.5)


def test_the_first_arms_are_not_new() -> None:
    policy = HotSwap(policy=LinUCB(), trust=1.0)
    plain = LinUCB(name=policy.name)
    at = context(0)
    assert (
        policy.decide(at, DecisionRng(0, "r0")).scores
        == plain.decide(at, DecisionRng(0, "r0")).scores
    )
