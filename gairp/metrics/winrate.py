"""The curve of a router between two models: quality against the share of strong calls.

The protocol is that of Ong et al. (2024), "RouteLLM", section 3 and its published evaluation: a
router scores each prompt by the chance that the strong model wins; the thresholds are the
quantiles of its scores over the test prompts themselves, so that ten bins give the eleven shares
0, 10%, …, 100%; a random router's curve is the mean of ten runs, share by share.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, floats, same_shape


class TwoModelCurve(NamedTuple):
    """Points of one router, by ascending share."""

    share: Floats  #: [m], share of prompts sent to the strong model
    quality: Floats  #: [m], mean score


def two_model_curve(
    weak_score: ArrayLike, strong_score: ArrayLike, win_rate: ArrayLike, *, bins: int = 10
) -> TwoModelCurve:
    """Send to the strong model the prompts whose win rate reaches a threshold.

    weak_score, strong_score, win_rate: [n]. The thresholds are the `bins` + 1 quantiles of
    `win_rate` (linear between order statistics). Prompts that tie with a threshold all go to the
    strong model, except at the highest threshold, which sends none: the curve always runs from
    share 0 to share 1.
    """
    weak = floats("weak_score", weak_score, ndim=1, finite=True)
    strong = floats("strong_score", strong_score, ndim=1, finite=True)
    rate = floats("win_rate", win_rate, ndim=1, finite=True)
    same_shape(weak_score=weak, strong_score=strong, win_rate=rate)
    order = np.argsort(-rate, kind="stable")
    thresholds = np.quantile(rate, np.linspace(1.0, 0.0, bins + 1))
    calls = np.searchsorted(-rate[order], -thresholds, side="right")
    calls[0], calls[-1] = 0, len(rate)
    gained = np.concatenate([[0.0], np.cumsum((strong - weak)[order])])
    return TwoModelCurve(calls / len(rate), weak.mean() + gained[calls] / len(rate))


def random_router_curve(
    weak_score: ArrayLike,
    strong_score: ArrayLike,
    *,
    rng: np.random.Generator,
    runs: int = 10,
    bins: int = 10,
) -> TwoModelCurve:
    """Mean curve of `runs` routers with uniformly random win rates.

    Its expectation is the straight line from weak to strong: CPT(x%) = x%, APGR = 0.5. A finite
    number of runs scatters around that, which is why published figures of the random router
    differ from 50 and 80 in the decimals.
    """
    n = len(floats("weak_score", weak_score, ndim=1))
    curves = [
        two_model_curve(weak_score, strong_score, rng.random(n), bins=bins) for _ in range(runs)
    ]
    share = np.mean([curve.share for curve in curves], axis=0)
    return TwoModelCurve(share, np.mean([curve.quality for curve in curves], axis=0))
