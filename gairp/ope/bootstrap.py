"""The cluster bootstrap of every estimator at once.

Clusters are drawn with replacement, as many as there are (Efron 1979; Davison & Hinkley 1997,
section 3.8). An estimate is a function of column means, so a draw is a row of multiplicities times
the clusters' column sums: weights, normaliser and clipping are recomputed, q̂ is held.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gairp.ope.arrays import Floats, Ints
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged

#: float64 cells of one block of multiplicities (16 MB: two stay in cache better than more).
BLOCK_CELLS = 2_000_000


def bootstrap(
    log: Logged,
    estimators: Sequence[Estimator],
    *,
    rng: np.random.Generator,
    draws: int = 1000,
) -> Floats:
    """Estimates [draws, len(estimators)]; every estimator sees the same draws.

    Raises ValueError for fewer than two clusters, or no draw.
    """
    return bootstrap_many([log], estimators, rng=rng, draws=draws)[:, 0]


def bootstrap_many(
    logs: Sequence[Logged],
    estimators: Sequence[Estimator],
    *,
    rng: np.random.Generator,
    draws: int = 1000,
) -> Floats:
    """Estimates [draws, len(logs), len(estimators)] of several targets on the same rows.

    `logs` have the same rows and clusters, and each its own target: a draw is the same rows for
    all, so that their estimates may be compared within it.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}; give at least 1")
    n = len(logs[0])
    if any(len(log) != n for log in logs):
        raise ValueError("the logs have different numbers of rows; they must share their rows")
    members = logs[0].members
    parts = [one.columns(log) for log in logs for one in estimators]
    ends = np.cumsum([part.shape[1] for part in parts])
    table = _by_cluster(np.column_stack([*parts, np.ones(n)]), members)
    if len(table) < 2:
        raise ValueError("all rows are of one cluster; resampling needs two")
    blocks = []
    for counts in multiplicities(len(table), draws, rng):
        sums = counts @ table
        means = np.split(sums[:, :-1] / sums[:, -1:], ends[:-1], axis=1)
        pairs = zip([one for _ in logs for one in estimators], means, strict=True)
        blocks.append(np.stack([one.value(mean, n) for one, mean in pairs], axis=1))
    return np.concatenate(blocks).reshape(draws, len(logs), len(estimators))


def multiplicities(levels: int, draws: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Blocks [b, levels] of how often each of `levels` things was drawn, as many as there are."""
    size = max(1, BLOCK_CELLS // levels)
    for start in range(0, draws, size):
        block = np.empty((min(size, draws - start), levels))
        for row in block:
            drawn = rng.integers(levels, size=levels, dtype=np.uint32)
            row[:] = np.bincount(drawn, minlength=levels)
        yield block


def percentiles(draws: Floats, *, alpha: float = 0.05) -> Floats:
    """[..., 2]: the percentile interval over the first axis; NaN draws are left out."""
    ends = np.nanquantile(draws, [alpha / 2, 1 - alpha / 2], axis=0)
    return np.moveaxis(ends, 0, -1)


def _by_cluster(table: Floats, members: Ints) -> Floats:
    """[clusters, m]: column sums of the rows of each."""
    groups = int(members.max()) + 1
    if groups == len(members):
        return table
    columns = [np.bincount(members, weights=column, minlength=groups) for column in table.T]
    return np.stack(columns, axis=1)
