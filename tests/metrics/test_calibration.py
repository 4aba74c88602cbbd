"""Brier score, calibration error and reliability curve, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from gairp.metrics.calibration import brier_score, expected_calibration_error, reliability

PREDICTED = [0.1, 0.3, 0.4, 0.9, 0.7]
OBSERVED = [0.0, 1.0, 0.0, 1.0, 1.0]


def test_brier_by_hand() -> None:
    # 0.01 + 0.49 + 0.16 + 0.01 + 0.09 = 0.76, over five
    assert brier_score(PREDICTED, OBSERVED) == pytest.approx(0.152, abs=1e-12)
    assert brier_score([0.5], [0.25]) == pytest.approx(0.0625)


def test_two_bins_by_hand() -> None:
    curve = reliability(PREDICTED, OBSERVED, 2)
    assert curve.edges.tolist() == [0.0, 0.5, 1.0]
    assert curve.counts.tolist() == [3.0, 2.0]
    assert curve.predicted == pytest.approx([0.8 / 3, 0.8])
    assert curve.observed == pytest.approx([1 / 3, 1.0])
    # 3/5 · |0.2667 − 0.3333| + 2/5 · |0.8 − 1| = 0.04 + 0.08
    assert expected_calibration_error(PREDICTED, OBSERVED, 2) == pytest.approx(0.12, abs=1e-12)


def test_edges_belong_to_the_bin_above_and_outsiders_to_the_nearest() -> None:
    curve = reliability([0.0, 0.5, 1.0, -0.2, 1.4], [0.0] * 5, 2)
    assert curve.counts.tolist() == [2.0, 3.0]
    assert curve.predicted == pytest.approx([-0.1, 2.9 / 3])


def test_an_empty_bin_has_no_mean_and_no_weight() -> None:
    curve = reliability([0.05, 0.95], [0.0, 1.0], 4)
    assert curve.counts.tolist() == [1.0, 0.0, 0.0, 1.0]
    assert np.isnan(curve.predicted[1:3]).all()
    assert np.isnan(curve.observed[1:3]).all()
    assert expected_calibration_error([0.05, 0.95], [0.0, 1.0], 4) == pytest.approx(0.05)


def test_what_was_not_recorded_is_left_out() -> None:
    predicted, observed = [0.2, np.nan, 0.6, 0.9], [0.0, 1.0, np.nan, 1.0]
    assert brier_score(predicted, observed) == pytest.approx((0.04 + 0.01) / 2)
    assert expected_calibration_error(predicted, observed) == pytest.approx(0.15)
    for figure in (brier_score, expected_calibration_error):
        assert np.isnan(figure([np.nan], [1.0]))


def test_a_weight_counts_as_a_copy() -> None:
    weights = np.array([[3.0, 1.0, 0.0, 2.0, 1.0], [1.0] * 5])
    copies = np.repeat(np.arange(5), [3, 1, 0, 2, 1])
    p, y = np.array(PREDICTED), np.array(OBSERVED)
    brier = brier_score(p, y, weights)
    error = expected_calibration_error(p, y, 5, weights)
    assert brier[0] == pytest.approx(float(brier_score(p[copies], y[copies])))
    assert brier[1] == pytest.approx(0.152)
    assert error[0] == pytest.approx(float(expected_calibration_error(p[copies], y[copies], 5)))
    assert error[1] == pytest.approx(float(expected_calibration_error(p, y, 5)))


def test_figures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500)
    y = (rng.random(500) < p**2).astype(np.float64)
    assert brier_score(p, y) == pytest.approx(brier_score_loss(y, p))
    curve = reliability(p, y)
    observed, predicted = calibration_curve(y, p, n_bins=10)
    assert curve.observed == pytest.approx(observed)
    assert curve.predicted == pytest.approx(predicted)


def test_a_calibrated_predictor_errs_little_and_a_bold_one_by_its_boldness() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(200_000)
    y = (rng.random(200_000) < p).astype(np.float64)
    assert expected_calibration_error(p, y) < 0.005
    assert brier_score(p, y) == pytest.approx(1 / 6, abs=0.002)  # ∫ p(1 − p) dp
    bold = np.where(p > 0.5, 1.0, 0.0)  # off by ∫ min(p, 1 − p) dp = 1/4
    assert expected_calibration_error(bold, y) == pytest.approx(0.25, abs=0.003)


def test_refusals_name_the_argument() -> None:
    with pytest.raises(ValueError, match="bins is 0"):
        reliability([0.5], [1.0], 0)
    with pytest.raises(ValueError, match="predicted has 1 items, observed 2"):
        brier_score([0.5], [1.0, 0.0])
    with pytest.raises(ValueError, match="weights must be >= 0"):
        brier_score([0.5], [1.0], [-1.0])
