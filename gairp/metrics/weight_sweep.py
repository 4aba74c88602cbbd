"""Quality and cost of a router that trades the one for the other, at many weights at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, Ints, floats


def weight_sweep(
    predicted: ArrayLike,
    expected: ArrayLike,
    quality: ArrayLike,
    cost: ArrayLike,
    weights: ArrayLike,
) -> tuple[Floats, Floats]:
    """Mean cost and mean quality [m] of taking the arm of highest predicted - weight · expected.

    predicted: quality of every arm as predicted, [n, k], -inf for one that is never taken;
    expected: cost as expected, [k] or [n, k]; quality, cost: what came of it, [n, k];
    weights: [m], at least 0, ascending. Of equal arms the cheaper is taken, then the earlier.

    Each prompt's choice changes at no more than k - 1 weights: these are found in closed form and
    summed up, in O(n k² + n k log m). Raises ValueError for unequal shapes or unordered weights.
    """
    guess = floats("predicted", predicted, ndim=2)
    price = np.broadcast_to(floats("expected", expected), guess.shape)
    score, paid = floats("quality", quality, ndim=2), floats("cost", cost, ndim=2)
    grid = floats("weights", weights, ndim=1)
    if not guess.shape == score.shape == paid.shape:
        raise ValueError(
            f"predicted {guess.shape}, quality {score.shape} and cost {paid.shape} must be [n, k]"
        )
    if (np.diff(grid) <= 0).any() or (grid < 0).any():
        raise ValueError("weights must be ascending and at least 0")
    low, high = _taken_between(guess, price)
    starts, ends = (np.searchsorted(grid, at).astype(np.int64) for at in (low, high))
    return _summed(paid, starts, ends, len(grid)), _summed(score, starts, ends, len(grid))


def _taken_between(guess: Floats, price: Floats) -> tuple[Floats, Floats]:
    """Weights [low, high) at which each arm of each prompt is taken, [n, k] both."""
    low, high = np.zeros_like(guess), np.full_like(guess, np.inf)
    k = guess.shape[1]
    for a in range(k):
        never = np.isneginf(guess[:, a])
        for b in range(k):
            if a == b:
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                gain = guess[:, a] - guess[:, b]
                extra = price[:, a] - price[:, b]
                at = gain / extra
            beaten = (extra == 0) & ((gain < 0) | ((gain == 0) & (b < a)))
            never |= beaten
            other = ~np.isneginf(guess[:, b])
            low[:, a] = np.where(other & (extra < 0), np.fmax(low[:, a], at), low[:, a])
            high[:, a] = np.where(other & (extra > 0), np.fmin(high[:, a], at), high[:, a])
        high[never, a] = -np.inf
    return low, high


def _summed(values: Floats, starts: Ints, ends: Ints, m: int) -> Floats:
    """Means over the prompts at each of the m weights."""
    on = starts < ends
    steps = np.zeros(m + 1)
    counts = np.zeros(m + 1)
    for sign, at in ((1.0, starts), (-1.0, ends)):
        steps += sign * np.bincount(at[on], weights=values[on], minlength=m + 1)
        counts += sign * np.bincount(at[on], minlength=m + 1)
    # Where rounding parts the last digits of a breakpoint a prompt may count twice or not at all.
    return np.asarray(np.cumsum(steps)[:m] / np.cumsum(counts)[:m])
