"""Performance gap recovered between a weak and a strong model: PGR, APGR, CPT.

Ong et al. (2024), "RouteLLM", section 3. Leading axes are bootstrap draws, so that the
normaliser r_strong − r_weak is recomputed in each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats


def pgr(quality: ArrayLike, *, weak: ArrayLike, strong: ArrayLike) -> Floats:
    """PGR = (r − r_weak) / (r_strong − r_weak).

    quality: [..., m]; weak, strong: [...], mean scores of the two models, in the same unit.
    NaN where the strong model is not better than the weak one: there is no gap to recover.
    """
    base = floats("weak", weak)[..., None]
    gap = floats("strong", strong)[..., None] - base
    return np.where(
        gap > 0, (floats("quality", quality) - base) / np.where(gap > 0, gap, 1), np.nan
    )


def apgr(share: ArrayLike, quality: ArrayLike, *, weak: ArrayLike, strong: ArrayLike) -> Floats:
    """APGR: area under PGR over the share of strong calls, by the trapezoid rule.

    share, quality: [..., m], in any order. The ends (0, weak) and (1, strong) are added, since
    every two-model router can send nothing or everything to the strong model.
    """
    x, y = _recovered(share, quality, weak, strong)
    return np.asarray(np.trapezoid(y, x, axis=-1), dtype=np.float64)


def cpt(
    share: ArrayLike, quality: ArrayLike, target: float, *, weak: ArrayLike, strong: ArrayLike
) -> Floats:
    """CPT(target): the smallest share of strong calls whose PGR reaches `target`.

    share, quality as in `apgr`; 0 < target <= 1. Linear between points; on a curve that is not
    monotone the first crossing counts. Raises ValueError for a target outside (0, 1].
    """
    if not 0 < target <= 1:
        raise ValueError(f"target is {target}; give the PGR to reach as a share in (0, 1]")
    x, y = _recovered(share, quality, weak, strong)
    after = np.argmax(y >= target, axis=-1)[..., None]  # never 0: the curve starts at PGR 0
    x_0, y_0 = (np.take_along_axis(v, after - 1, axis=-1)[..., 0] for v in (x, y))
    x_1, y_1 = (np.take_along_axis(v, after, axis=-1)[..., 0] for v in (x, y))
    return np.asarray(x_0 + (x_1 - x_0) * (target - y_0) / (y_1 - y_0), dtype=np.float64)


def _recovered(
    share: ArrayLike, quality: ArrayLike, weak: ArrayLike, strong: ArrayLike
) -> tuple[Floats, Floats]:
    """Shares and PGR with both ends, sorted by share; points of equal share keep their order."""
    recovered = pgr(quality, weak=weak, strong=strong)
    x = np.broadcast_to(floats("share", share), recovered.shape)
    if ((x < 0) | (x > 1)).any():
        raise ValueError("share leaves [0, 1]; give shares of prompts, not percentages or counts")
    end = np.zeros((*x.shape[:-1], 1))
    x = np.concatenate([end, x, end + 1.0], axis=-1)
    y = np.concatenate([end, recovered, end + 1.0], axis=-1)
    order = np.argsort(x, axis=-1, kind="stable")
    return np.take_along_axis(x, order, axis=-1), np.take_along_axis(y, order, axis=-1)
