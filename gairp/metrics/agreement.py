"""How well a judge agrees with the truth: accuracy and Cohen's kappa."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, both_known, floats
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import Estimate


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge against the truth on the n items that both judged."""

    accuracy: Estimate  #: share of equal labels
    kappa: Estimate  #: Cohen's, NaN where chance alone agrees always
    n: int


def accuracy(judge: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """The weighted share of items with equal labels.

    judge, truth: labels [n], any numbers; weights: [..., n], all 1 by default. Items where either
    label is NaN are left out. Returns [...]; NaN where nothing is left.
    """
    a, b, w = both_known(weights, judge=judge, truth=truth)
    with np.errstate(invalid="ignore"):
        return np.asarray((w @ (a == b).astype(np.float64)) / w.sum(axis=-1))


def cohen_kappa(judge: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """κ = (p_o − p_e) / (1 − p_e): agreement beyond what the margins give by chance.

    p_o is the share of equal labels, p_e = Σ_label p_judge(label) · p_truth(label); Cohen (1960),
    equation 1. Arguments as in `accuracy`. 0 for a judge that always says the same, 1 for one that
    is always right, below 0 for one that is worse than chance; NaN where p_e is 1, since both know
    one label only.
    """
    a, b, w = both_known(weights, judge=judge, truth=truth)
    labels = np.unique(np.concatenate([a, b]))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = w.sum(axis=-1, keepdims=True)
        by_judge = w @ (a[:, None] == labels).astype(np.float64) / total
        by_truth = w @ (b[:, None] == labels).astype(np.float64) / total
        observed = (w @ (a == b).astype(np.float64)) / total[..., 0]
        expected = (by_judge * by_truth).sum(axis=-1)
        kappa = (observed - expected) / (1.0 - expected)
    return np.where(np.isclose(expected, 1.0, atol=1e-12), np.nan, kappa)


def agreement(
    judge: ArrayLike, truth: ArrayLike, groups: ArrayLike, *, rng: np.random.Generator,
    draws: int = 1000, level: float = 0.95,
) -> Agreement:  # fmt: skip
    """Accuracy and kappa with percentile intervals of a bootstrap of whole groups.

    judge, truth, groups: [n]; items of one group (answers to one prompt) are drawn together. Where
    a draw has no kappa, its upper end is NaN. Raises ValueError for fewer than two groups, or where
    no item has both labels.
    """
    a, b = floats("judge", judge, ndim=1), floats("truth", truth, ndim=1)
    kept = ~(np.isnan(a) | np.isnan(b))
    if not kept.any():
        raise ValueError("no item has both a judge's label and a true one; nothing compares")
    drawn = TwoWayBootstrap(np.asarray(groups)[kept], n_seeds=1, rng=rng, draws=draws)
    weights = drawn.prompt_weights(0, draws)
    figures = [
        Estimate.from_draws(float(f(a[kept], b[kept])), f(a[kept], b[kept], weights), level=level)
        for f in (accuracy, cohen_kappa)
    ]
    return Agreement(accuracy=figures[0], kappa=figures[1], n=int(kept.sum()))
