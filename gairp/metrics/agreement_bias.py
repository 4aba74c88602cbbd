"""What sways a judge besides the truth: which model answered, and how long the answer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats
from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.interval import Estimate


@dataclass(frozen=True, slots=True)
class LengthBias:
    """How a judge's leniency goes with the length of what it judges."""

    slope: Estimate  #: quality per doubling of the length
    rank: Estimate  #: Spearman's rank correlation


def excess(judge: ArrayLike, truth: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """The judge's score less its mean score of answers that are equally good in truth.

    judge, truth: [n]; weights: [..., n]. A judge who errs, but errs alike on all answers of one
    true score, has an excess of mean 0 in every group of answers, however good the group is; the
    plain difference judge − truth is not so (a judge who always says yes would seem to favour weak
    models). Returns [..., n].
    """
    a, b = floats("judge", judge, ndim=1), floats("truth", truth, ndim=1)
    w = np.ones(len(a)) if weights is None else floats("weights", weights)
    expected = np.zeros(w.shape)
    with np.errstate(invalid="ignore"):
        for score in np.unique(b):
            same = b == score
            mean = (w[..., same] @ a[same]) / w[..., same].sum(axis=-1)
            expected[..., same] = mean[..., None]
    return np.asarray(a - expected, dtype=np.float64)


def bias_by_group(
    judge: ArrayLike, truth: ArrayLike, labels: ArrayLike, groups: ArrayLike, *,
    rng: np.random.Generator, draws: int = 1000, level: float = 0.95,
) -> dict[str, Estimate]:  # fmt: skip
    """The mean excess of each label's answers (a model's, say): above 0 it is favoured.

    judge, truth, labels, groups: [n]. Items that either did not judge (NaN) are left out. Intervals
    are bootstraps of whole groups, the excess recomputed in each draw. Labels in alphabetical
    order.
    """
    data = _Data.of(judge, truth, groups, rng, draws)
    names = np.asarray(labels).astype(str)[data.kept]
    found = {}
    for name in np.unique(names):
        column = (names == name).astype(np.float64)

        def mean(w: Floats, r: Floats, column: Floats = column) -> Floats:
            with np.errstate(invalid="ignore"):
                return np.asarray((w * r) @ column / (w @ column))

        found[str(name)] = data.estimate(mean, level)
    return found


def length_bias(
    judge: ArrayLike, truth: ArrayLike, length: ArrayLike, groups: ArrayLike, *,
    rng: np.random.Generator, draws: int = 1000, level: float = 0.95,
) -> LengthBias:  # fmt: skip
    """Least-squares slope and Spearman correlation of the excess on the length.

    length: [n], above 0 (characters, say); the slope is on its base-2 logarithm. Other arguments
    as in `bias_by_group`. NaN where all lengths, or all excesses, are one.
    """
    data = _Data.of(judge, truth, groups, rng, draws)
    values = floats("length", length, ndim=1)[data.kept]
    if not (values > 0).all():
        raise ValueError("length must be above 0; leave empty answers out first")
    doublings = np.log2(values)
    slope = data.estimate(lambda w, r: _slope(w, doublings, r), level)
    rank = data.estimate(lambda w, r: _spearman(w, values, r), level)
    return LengthBias(slope=slope, rank=rank)


@dataclass(frozen=True, slots=True)
class _Data:
    """Judged items, and the weights of each bootstrap draw."""

    judge: Floats  #: [m]
    truth: Floats  #: [m]
    kept: np.ndarray[tuple[int], np.dtype[np.bool_]]  #: [n], of which m are judged
    weights: Floats  #: [B, m]

    @classmethod
    def of(
        cls, judge: ArrayLike, truth: ArrayLike, groups: ArrayLike, rng: np.random.Generator,
        draws: int,
    ) -> _Data:  # fmt: skip
        a, b = floats("judge", judge, ndim=1), floats("truth", truth, ndim=1)
        kept = np.asarray(~(np.isnan(a) | np.isnan(b)))
        drawn = TwoWayBootstrap(np.asarray(groups)[kept], n_seeds=1, rng=rng, draws=draws)
        return cls(a[kept], b[kept], kept, drawn.prompt_weights(0, draws))

    def estimate(self, figure: Callable[[Floats, Floats], Floats], level: float) -> Estimate:
        """A figure of weights [..., m] and excess [..., m], on all items and in each draw."""
        point = figure(np.ones(len(self.judge)), excess(self.judge, self.truth))
        drawn = figure(self.weights, excess(self.judge, self.truth, self.weights))
        return Estimate.from_draws(float(point), drawn, level=level)


def _moments(w: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighted variances of x and y, and their covariance, along the last axis."""
    total = w.sum(axis=-1, keepdims=True)
    dx = x - (w * x).sum(axis=-1, keepdims=True) / total
    dy = y - (w * y).sum(axis=-1, keepdims=True) / total
    moments = [(w * a * b).sum(axis=-1) / total[..., 0] for a, b in ((dx, dx), (dy, dy), (dx, dy))]
    return moments[0], moments[1], moments[2]


def _slope(w: Floats, x: Floats, y: Floats) -> Floats:
    xx, _, xy = _moments(w, x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(xx > 1e-12, xy / xx, np.nan)


def _spearman(w: Floats, x: Floats, y: Floats) -> Floats:
    """Pearson's correlation of the weighted mid-ranks; y may differ from draw to draw."""
    xx, yy, xy = _moments(w, _ranks(w, np.broadcast_to(x, w.shape)), _ranks(w, y))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((xx > 1e-12) & (yy > 1e-12), xy / np.sqrt(xx * yy), np.nan)


def _ranks(w: Floats, values: Floats) -> Floats:
    """Mid-ranks along the last axis: the weight below, plus half of the weight at the value."""
    if values.ndim > 1:
        return np.stack([_ranks(*row) for row in zip(w, values, strict=True)])
    # Rounding must not part what is one value: the excess is a difference of means.
    _, at = np.unique(np.round(values, 12), return_inverse=True)
    here = np.bincount(at, weights=w)
    return np.asarray((np.cumsum(here) - here / 2)[at], dtype=np.float64)
