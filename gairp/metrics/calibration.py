"""How well predicted qualities are borne out: Brier score, calibration error, reliability curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, both_known


@dataclass(frozen=True, slots=True)
class Reliability:
    """What was predicted and what came of it, in bins of equal width over [0, 1].

    Leading axes are those of the weights (bootstrap draws). An empty bin has means of NaN.
    """

    edges: Floats  #: [bins + 1]
    predicted: Floats  #: [..., bins], mean prediction in each bin
    observed: Floats  #: [..., bins], mean outcome in each bin
    counts: Floats  #: [..., bins], weight in each bin; how many items where all weigh 1


def brier_score(
    predicted: ArrayLike, observed: ArrayLike, weights: ArrayLike | None = None
) -> Floats:
    """Mean of (predicted − observed)²; Brier (1950), in the form for one event.

    predicted, observed: [n], qualities in [0, 1] (an outcome may lie between right and wrong; a
    prediction may leave the range, and is charged for it); weights: [..., n], all 1 by default.
    Items where either side is NaN are left out. Returns [...]; NaN where nothing is left.
    """
    p, y, w = both_known(weights, predicted=predicted, observed=observed)
    with np.errstate(invalid="ignore"):
        return np.asarray((w @ (p - y) ** 2) / w.sum(axis=-1))


def expected_calibration_error(
    predicted: ArrayLike, observed: ArrayLike, bins: int = 10, weights: ArrayLike | None = None
) -> Floats:
    """ECE = Σ_b (n_b / n) · |mean prediction − mean outcome| over the bins of `reliability`.

    Naeini, Cooper & Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
    binning", section 4; Guo et al. (2017), equation 3. Arguments as in `reliability`. Returns
    [...]; NaN where nothing is left. Even a perfect predictor is a little above 0 in a sample.
    """
    curve = reliability(predicted, observed, bins, weights)
    gaps = curve.counts * np.abs(curve.predicted - curve.observed)
    total = curve.counts.sum(axis=-1)
    return np.asarray(np.nansum(gaps, axis=-1) / np.where(total > 0, total, np.nan))


def reliability(
    predicted: ArrayLike, observed: ArrayLike, bins: int = 10, weights: ArrayLike | None = None
) -> Reliability:
    """Mean prediction and mean outcome in each of `bins` bins of equal width over [0, 1].

    predicted, observed, weights: as in `brier_score`. A bin holds its lower edge, the last one
    its upper edge too; a prediction outside [0, 1] falls into the nearest bin, whose mean keeps
    it as it is. Raises ValueError for fewer than one bin and for unequal lengths.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; give at least 1")
    p, y, w = both_known(weights, predicted=predicted, observed=observed)
    edges = np.linspace(0.0, 1.0, bins + 1)
    at = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, bins - 1)
    inside = (at[:, None] == np.arange(bins)).astype(np.float64)  # [n, bins]
    counts = w @ inside
    total = np.where(counts > 0, counts, np.nan)
    return Reliability(edges, (w * p) @ inside / total, (w * y) @ inside / total, counts)
