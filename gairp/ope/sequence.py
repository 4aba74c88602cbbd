"""Confidence sequences for a policy's value: intervals that hold at all times at once.

One may look after every request and stop at will. Propensities may be those of a logger that
learns, as long as each was computed before its arm was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gairp.ope.arrays import Floats, check_level, floats
from gairp.ope.bets import lower_end

Times = Sequence[int] | None


def lower_sequence(
    values: ArrayLike,
    *,
    alpha: float,
    low: float = 0.0,
    top_mean: float = 1.0,
    times: Times = None,
) -> Floats:
    """Lower ends [..., len(times)] for a mean, that are ever above it with probability alpha only.

    values: [..., n] in order, each at least `low` (nothing bounds them above), of conditional mean
    at most `top_mean`; `times` are the numbers of values after which one looks, None is once, after
    all. An end is the largest so far. The bets of `gairp.ope.bets`, solved for the mean, as in
    Karampatziakis, Mineiro & Ramdas (2021), "Off-policy confidence sequences". Raises ValueError
    for a value below `low`.
    """
    check_level(alpha)
    x = np.asarray(values, dtype=np.float64)
    if x.size and not x.min() >= low - 1e-9:
        raise ValueError(f"a value is {x.min():.6g}, below the bound {low}")
    u = np.maximum(x - low, 0.0) / (top_mean - low)
    looks = [x.shape[-1]] if times is None else times
    ends = np.stack([lower_end(u[..., :time], alpha) for time in looks], axis=-1)
    return np.asarray(np.maximum.accumulate(low + (top_mean - low) * ends, axis=-1))


def ips_sequence(
    weights: ArrayLike, rewards: ArrayLike, *, alpha: float = 0.05, times: Times = None
) -> tuple[Floats, Floats]:
    """Lower and upper ends for the value of the target, from rewards in [0, 1].

    weights, rewards: [..., n] in order. No bound on the weights is needed: the lower end bets on
    w·r, the upper end on w·(1 − r), and both are bounded below by 0 (Waudby-Smith, Wu, Ramdas,
    Karampatziakis & Mineiro 2022, "Anytime-valid off-policy inference for contextual bandits",
    section 2). Each has half of alpha.
    """
    w, r = np.asarray(weights, dtype=np.float64), _unit(rewards)
    lower = lower_sequence(w * r, alpha=alpha / 2, times=times)
    return lower, 1.0 - lower_sequence(w * (1.0 - r), alpha=alpha / 2, times=times)


def dr_sequence(
    weights: ArrayLike,
    rewards: ArrayLike,
    expected: ArrayLike,
    modelled: ArrayLike,
    *,
    max_weight: float,
    alpha: float = 0.05,
    times: Times = None,
) -> tuple[Floats, Floats]:
    """As `ips_sequence`, around a reward model, which narrows it; weights need a declared bound.

    expected: [..., n], q̂_t(x, π); modelled: [..., n], q̂_t(x, a); both in [0, 1] and from a model
    that has seen earlier rewards alone (`running_means`, say; a cross-fitted one has not). The
    doubly robust terms are at least −max_weight. Raises ValueError for a weight above max_weight.
    """
    w, r = np.asarray(weights, dtype=np.float64), _unit(rewards)
    if w.size and w.max() > max_weight * (1 + 1e-9):
        raise ValueError(f"a weight is {w.max():.6g}, above the declared bound {max_weight}")
    mean, correction = _unit(expected), w * (r - _unit(modelled))
    lower = lower_sequence(mean + correction, low=-max_weight, alpha=alpha / 2, times=times)
    mirrored = lower_sequence(
        1.0 - mean - correction, low=-max_weight, alpha=alpha / 2, times=times
    )
    return np.maximum(lower, 0.0), np.minimum(1.0 - mirrored, 1.0)


def running_means(actions: ArrayLike, rewards: ArrayLike, k: int, *, prior: float = 0.5) -> Floats:
    """q̂_t [n, k]: each arm's mean reward before t, with one prior reward; never looks ahead.

    rewards: [n]; a NaN tells nothing.
    """
    r = floats("rewards", rewards, (None,))
    arms = np.asarray(actions, dtype=np.int64)
    chosen = np.zeros((len(r), k))
    seen = np.flatnonzero(~np.isnan(r))
    chosen[seen, arms[seen]] = 1.0
    earned = np.zeros_like(chosen)
    earned[seen, arms[seen]] = r[seen]
    before = np.cumsum(chosen, axis=0) - chosen
    return np.asarray((np.cumsum(earned, axis=0) - earned + prior) / (before + 1.0))


def _unit(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.size and not (array.min() >= -1e-9 and array.max() <= 1 + 1e-9):
        raise ValueError(
            f"values span [{array.min():.6g}, {array.max():.6g}]; scale them to [0, 1] by their "
            "declared bounds"
        )
    return array
