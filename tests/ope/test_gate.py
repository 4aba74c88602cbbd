"""A gate that may be asked at any time and seldom promotes what is not better."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gairp.ope.arrays import Floats
from gairp.ope.contrast import Side, log_evidence
from gairp.ope.e_value import log_e_values
from gairp.ope.gate import Gate, Measured
from gairp.ope.sequence import running_means

ALPHA = 0.05


def stream(seed: int, n: int, means: Floats, champion: Floats, challenger: Floats) -> Measured:
    """Three arms; the logger is the champion. Means are [k], of the one quantity measured."""
    rng = np.random.default_rng(seed)
    arms = (rng.random(n)[:, None] > champion.cumsum()).sum(axis=1)
    values = (rng.random(n) < means[arms]).astype(float)
    q = running_means(arms, values, len(means))
    return Measured(
        name="quality",
        values=values,
        modelled=q[np.arange(n), arms],
        challenger=Side(weights=(challenger / champion)[arms], expected=q @ challenger),
        champion=Side(weights=np.ones(n), expected=q @ champion),
    )


CHAMPION = np.array([0.5, 0.3, 0.2])
CHALLENGER = np.array([0.1, 0.2, 0.7])


def test_terms_by_hand() -> None:
    one = Side(weights=np.array([2.0, 0.5]), expected=np.array([0.6, 0.6]))
    other = Side(weights=np.array([1.0, 1.0]), expected=np.array([0.5, 0.5]))
    r, at = np.array([1.0, np.nan]), np.array([0.5, 0.5])
    plain = log_evidence(one, other, r, at, a=1.0, b=1.1, margin=0.1)
    # 2·1 + 1.1·0 − 1.1 − 0.1; a missing reward is 1, which speaks against: 0.5 − 1.1 − 0.1
    assert plain == pytest.approx(log_e_values([0.8, -0.7], lowest=-1.2))
    terms = [0.6 + 1.0 - 1.1 * (0.5 + 0.5) - 0.1, 0.6 + 0.25 - 1.1 * (0.5 + 0.5) - 0.1]
    robust = log_e_values(terms, lowest=-(1.1 + 1.1 * 3 + 0.1))
    both = log_evidence(one, other, r, at, a=1.0, b=1.1, margin=0.1, max_weight=3.0)
    assert both == pytest.approx(np.logaddexp(plain, robust) - math.log(2))
    with pytest.raises(ValueError, match=r"row 0 has the weight 2, above max_weight = 1\.5"):
        log_evidence(one, other, r, at, max_weight=1.5)


def test_missing_rewards_never_help() -> None:
    whole = stream(0, 2000, np.array([0.2, 0.5, 0.8]), CHAMPION, CHALLENGER)
    holes = np.where(np.random.default_rng(1).random(2000) < 0.2, np.nan, whole.values)
    sides = whole.challenger, whole.champion
    for one, other in (sides, sides[::-1]):
        full = log_evidence(one, other, whole.values, whole.modelled)
        assert (log_evidence(one, other, holes, whole.modelled) <= full + 1e-9).all()


def test_a_better_challenger_is_promoted_and_the_answer_stays() -> None:
    gate = Gate(max_weight=5.0)
    it = stream(3, 4000, np.array([0.4, 0.5, 0.6]), CHAMPION, CHALLENGER)
    found = gate.decide(it)
    assert found.answer == "promote"
    assert found.row is not None
    assert found.row < 4000
    assert found.reasons == ("shown: gain in quality above 0",)
    assert found.needed[0].log_evidence >= math.log(20)
    before = gate.decide(_cut(it, found.row - 1))
    assert (before.answer, before.row) == ("not enough data", None)
    assert before.reasons == ("not shown yet: gain in quality above 0",)
    assert gate.decide(_cut(it, found.row)).answer == "promote"


def test_a_worse_or_equal_challenger_is_kept_out() -> None:
    worse = stream(4, 4000, np.array([0.6, 0.5, 0.4]), CHAMPION, CHALLENGER)
    found = Gate(max_weight=5.0).decide(worse)
    assert (found.answer, found.reasons) == ("keep", ("shown: gain in quality below 0.01",))
    equal = stream(5, 30_000, np.array([0.5, 0.5, 0.5]), CHAMPION, CHALLENGER)
    assert Gate(max_weight=5.0, futility_gain=0.05).decide(equal).answer == "keep"


def test_a_guard_stands_in_the_way() -> None:
    better = stream(3, 4000, np.array([0.4, 0.5, 0.6]), CHAMPION, CHALLENGER)
    cost = stream(6, 4000, np.array([0.4, 0.4, 0.4]), CHAMPION, CHALLENGER)
    dear = stream(6, 4000, np.array([0.1, 0.3, 0.8]), CHAMPION, CHALLENGER)
    gate = Gate(max_weight=5.0)
    assert gate.decide(better, [(cost, 0.3)]).answer == "promote"
    # An equal cost is not shown to be below 1.00 times itself.
    assert gate.decide(better, [(cost, 0.0)]).answer == "not enough data"
    found = gate.decide(better, [(dear, 0.3)])
    assert (found.answer, found.reasons) == (
        "keep",
        ("shown: quality above 1.3 × the champion's",),
    )


@pytest.mark.parametrize("max_weight", [None, 4.0])
def test_false_promotions_under_peeking(max_weight: float | None) -> None:
    """Equal arms, looked at after each of 300 rows; an adaptive logger is in the study."""
    gate = Gate(alpha=0.1, max_weight=max_weight)
    means = np.full(3, 0.7)
    answers = [gate.decide(stream(i, 300, means, CHAMPION, CHALLENGER)).answer for i in range(400)]
    # 52 of 400 would have probability below 1% at a rate of 10%.
    assert answers.count("promote") <= 52
    assert answers.count("promote") > 0  # it is a test, and not one that never rejects


def test_settings_that_make_no_gate() -> None:
    with pytest.raises(ValueError, match="alpha is 0"):
        Gate(alpha=0.0)
    with pytest.raises(ValueError, match="minimum_gain"):
        Gate(minimum_gain=0.1)


def _cut(it: Measured, n: int) -> Measured:
    def side(one: Side) -> Side:
        return Side(weights=one.weights[:n], expected=one.expected[:n])

    return Measured(
        name=it.name,
        values=it.values[:n],
        modelled=it.modelled[:n],
        challenger=side(it.challenger),
        champion=side(it.champion),
    )
