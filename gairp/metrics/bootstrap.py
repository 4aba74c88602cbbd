"""The two-way bootstrap: prompts and seeds are resampled independently, and crossed.

A score of prompt i under seed s varies with both, and neither is a sample of the other. Groups
of near-duplicate prompts are drawn with replacement, seeds are drawn with replacement, and an
outcome counts with the product of its two multiplicities: McCullagh (2000), "Resampling and
exchangeable arrays", and Owen (2007), "The pigeonhole bootstrap", section 3, who shows it to be
mildly conservative. Owen & Eckles (2012) give the form with product weights that is used here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gairp.metrics.arrays import Bools, Floats, floats

#: float64 cells of one block of prompt weights (32 MB).
BLOCK_CELLS = 4_000_000
#: Bytes of drawn counts kept between calls; beyond that they are drawn anew each time.
KEPT_BYTES = 64_000_000


class Means(NamedTuple):
    """Means over all compared (seed, prompt) pairs, and over each draw of them."""

    point: Floats  #: [q], of the tables by seed
    draws: Floats  #: [B, q]
    column_point: Floats  #: [c], of the columns by prompt
    column_draws: Floats  #: [B, c]
    compared: int  #: pairs (seed, prompt) that entered


class TwoWayBootstrap:
    """Resampling weights for n prompts in groups and S seeds; the same for every policy.

    groups: [n], equal for near-duplicate prompts, which are drawn together. With one seed only
    the prompts vary. Draw b depends on `rng`'s state at construction and on b alone, so that
    policies are compared on the same draws, whatever the block size.

    Raises ValueError for fewer than two groups (nothing to resample), no seed or no draw.
    """

    def __init__(
        self, groups: ArrayLike, *, n_seeds: int, rng: np.random.Generator, draws: int = 1000
    ) -> None:
        labels, members = np.unique(np.asarray(groups), return_inverse=True)
        if len(labels) < 2:
            raise ValueError(f"groups has {len(labels)} distinct label(s); resampling needs two")
        if n_seeds < 1 or draws < 1:
            raise ValueError(f"n_seeds is {n_seeds} and draws is {draws}; both must be at least 1")
        self.n, self.n_seeds, self.draws = len(members), n_seeds, draws
        self._members: NDArray[np.int64] = members.astype(np.int64)
        self._n_groups = len(labels)
        self._entropy = int(rng.integers(2**63))
        self._kept: dict[int, NDArray[np.uint16]] = {}
        self.seed_weights: Floats = np.stack(
            [self._draw(draw, n_seeds, stream=2) for draw in range(draws)]
        ).astype(np.float64)  # [B, S]

    def prompt_weights(self, start: int, stop: int) -> Floats:
        """How often each prompt was drawn, [stop - start, n], for these draws."""
        counts = np.stack([self._counts(draw) for draw in range(start, stop)])
        return counts[:, self._members].astype(np.float64)

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """Prompt weights [b, n] and seed weights [b, S] of successive draws, within memory."""
        size = max(1, BLOCK_CELLS // self.n)
        for start in range(0, self.draws, size):
            stop = min(start + size, self.draws)
            yield self.prompt_weights(start, stop), self.seed_weights[start:stop]

    def means(self, tables: ArrayLike, columns: ArrayLike | None = None) -> Means:
        """Weighted means of several tables over the pairs that all of them have.

        tables: [q, S, n] or [S, n], per seed and prompt (not per position in the stream);
        columns: [n, c], the same for every seed (what the arms did). A pair is compared where no
        table is NaN and no column of its prompt is; all means are taken over exactly these
        pairs, so that policy and arms are judged on the same prompts. A draw without any such
        pair gives NaN. Raises ValueError for wrong shapes, infinities or nothing to compare.
        """
        values = self._tables(tables)
        extra = np.empty((self.n, 0)) if columns is None else floats("columns", columns, ndim=2)
        if len(extra) != self.n or np.isinf(extra).any():
            raise ValueError(f"columns {extra.shape} must be finite and have {self.n} rows")
        mask: Bools = np.asarray(~(np.isnan(values).any(axis=0) | np.isnan(extra).any(axis=1)))
        if not mask.any():
            raise ValueError("no (seed, prompt) pair was recorded in every table; nothing compares")
        values, extra = np.where(mask, values, 0.0), np.nan_to_num(extra)
        once = [(np.ones((1, self.n)), np.ones((1, self.n_seeds)))]
        parts = [_crossed(*w, values, extra, mask) for w in chain(once, self.blocks())]
        rows, row_columns = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Means(rows[0], rows[1:], row_columns[0], row_columns[1:], int(mask.sum()))

    def weighted_means(self, values: ArrayLike) -> Floats:
        """The mean of one table [S, n] in each draw, [B]."""
        return self.means(floats("values", values, ndim=2)).draws[:, 0]

    def _counts(self, draw: int) -> NDArray[np.uint16]:
        if draw not in self._kept:
            counts = self._draw(draw, self._n_groups, stream=1)
            if self.draws * counts.nbytes > KEPT_BYTES:
                return counts
            self._kept[draw] = counts
        return self._kept[draw]

    def _draw(self, draw: int, levels: int, *, stream: int) -> NDArray[np.uint16]:
        """Multiplicities of `levels` things drawn with replacement, as many as there are."""
        drawn = np.random.default_rng([self._entropy, draw, stream]).integers(levels, size=levels)
        return np.bincount(drawn, minlength=levels).astype(np.uint16)

    def _tables(self, tables: ArrayLike) -> Floats:
        values = floats("tables", tables)
        values = values[None] if values.ndim == 2 else values
        if values.ndim != 3 or values.shape[1:] != (self.n_seeds, self.n):
            raise ValueError(
                f"tables has shape {values.shape}; give [q, S, n] with S = {self.n_seeds} seeds "
                f"and n = {self.n} prompts"
            )
        if np.isinf(values).any():
            raise ValueError("tables holds an infinity; NaN marks what was not recorded")
        return values


def _crossed(
    prompts: Floats, seeds: Floats, values: Floats, columns: Floats, mask: Bools
) -> tuple[Floats, Floats]:
    """Means ([b, q], [b, c]) under weights prompts [b, n] × seeds [b, S].

    values [q, S, n] and columns [n, c] are 0 where they are not compared.
    """
    q, s, n = values.shape
    by_seed = (prompts @ values.reshape(q * s, n).T).reshape(-1, q, s)
    sums = np.einsum("bqs,bs->bq", by_seed, seeds)
    if mask.all():
        pairs = prompts * float(s)  # seeds drawn: always as many as there are
    else:
        pairs = prompts * (seeds @ mask.astype(np.float64))
    total = pairs.sum(axis=1, keepdims=True)
    total[total == 0] = np.nan
    return sums / total, (pairs @ columns) / total
