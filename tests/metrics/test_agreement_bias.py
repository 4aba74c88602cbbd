"""A judge that is swayed is told from one that merely errs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from gairp.metrics.agreement_bias import bias_by_group, excess, length_bias
from gairp.metrics.arrays import Floats
from gairp.metrics.bootstrap import TwoWayBootstrap


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_excess_by_hand() -> None:
    judge, truth = [1.0, 0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0, 0.0]
    assert excess(judge, truth) == pytest.approx([0.5, -0.5, 2 / 3, -1 / 3, -1 / 3])
    weighted = excess(judge, truth, np.array([[3.0, 1.0, 0.0, 1.0, 1.0]]))
    assert weighted[0, :2] == pytest.approx([0.25, -0.75])


def test_a_judge_that_always_says_yes_favours_nobody() -> None:
    truth = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    models = ["strong"] * 4 + ["weak"] * 4
    found = bias_by_group(np.ones(8), truth, models, range(8), rng=rng(), draws=50)
    assert list(found) == ["strong", "weak"]
    for bias in found.values():
        assert (bias.point, bias.low, bias.high) == (0.0, 0.0, 0.0)


def test_a_judge_with_a_favourite_is_found_out() -> None:
    random = rng(3)
    models = np.array(["a", "b"] * 400)
    truth = (random.random(800) < np.where(models == "a", 0.3, 0.6)).astype(float)
    says_yes = np.where(truth == 1.0, 0.7, 0.2) + np.where(models == "a", 0.2, 0.0)
    judge = (random.random(800) < says_yes).astype(float)
    found = bias_by_group(judge, truth, models, np.arange(800) // 2, rng=rng(), draws=300)
    assert found["b"].high < 0.0 < found["a"].low
    # 0.2 between them at equal truth, shared out by who answers how well.
    assert found["a"].point - found["b"].point == pytest.approx(0.2, abs=0.06)


def test_means_by_hand() -> None:
    judge, truth = [1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]
    found = bias_by_group(judge, truth, ["x", "y", "x", "y"], range(4), rng=rng(), draws=50)
    assert (found["x"].point, found["y"].point) == (0.25, -0.25)


def lengths(seed: int, per_doubling: float) -> tuple[Floats, Floats, Floats]:
    random = rng(seed)
    length = np.exp2(random.integers(1, 8, 1200)).astype(float)
    truth = (random.random(1200) < 0.5).astype(float)
    says_yes = 0.3 + 0.2 * truth + per_doubling * (np.log2(length) - 4.0)
    return (random.random(1200) < says_yes).astype(float), truth, length


@pytest.mark.parametrize("per_doubling", [0.0, 0.06])
def test_the_slope_is_that_of_the_simulation(per_doubling: float) -> None:
    judge, truth, length = lengths(5, per_doubling)
    found = length_bias(judge, truth, length, np.arange(1200), rng=rng(), draws=300)
    assert found.slope.low <= per_doubling <= found.slope.high
    assert found.slope.high - found.slope.low < 0.08
    assert (found.rank.low > 0.0) == (per_doubling > 0.0)


def test_slope_and_rank_are_those_of_other_programs() -> None:
    judge, truth, length = lengths(6, 0.05)
    rest = excess(judge, truth)
    found = length_bias(judge, truth, length, np.arange(1200), rng=rng(), draws=10)
    assert found.slope.point == pytest.approx(np.polyfit(np.log2(length), rest, 1)[0])
    assert found.rank.point == pytest.approx(spearmanr(length, np.round(rest, 12)).statistic)


def test_a_weight_counts_as_a_copy() -> None:
    # Groups drawn twice or not at all: the draws must be those of the copied table.
    judge, truth, length = (column[:40] for column in lengths(7, 0.05))
    found = length_bias(judge, truth, length, np.arange(40), rng=rng(1), draws=5)
    weights = TwoWayBootstrap(np.arange(40), n_seeds=1, rng=rng(1), draws=5).prompt_weights(0, 5)
    for draw, weight in enumerate(weights):
        rows = np.repeat(np.arange(40), weight.astype(int))
        rest = excess(judge[rows], truth[rows])
        copied = spearmanr(length[rows], np.round(rest, 12)).statistic
        assert found.rank.draws[draw] == pytest.approx(copied)


def test_without_variation_there_is_no_slope() -> None:
    judge, truth = [1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]
    same = length_bias(judge, truth, [5.0] * 4, range(4), rng=rng(), draws=20)
    assert np.isnan(same.slope.point)
    assert np.isnan(same.rank.point)
    constant = length_bias(np.ones(4), truth, [1.0, 2.0, 3.0, 4.0], range(4), rng=rng(), draws=20)
    assert constant.slope.point == pytest.approx(0.0)
    assert np.isnan(constant.rank.point)


def test_unjudged_answers_are_left_out_and_empty_ones_refused() -> None:
    judge, truth = [1.0, np.nan, 0.0], [1.0, 0.0, 1.0]
    found = bias_by_group(judge, truth, ["x", "x", "y"], range(3), rng=rng(), draws=20)
    assert found["x"].point == 0.5
    with pytest.raises(ValueError, match="length must be above 0"):
        length_bias([1.0, 0.0], [1.0, 0.0], [0.0, 3.0], [0, 1], rng=rng())
