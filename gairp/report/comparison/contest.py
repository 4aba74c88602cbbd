"""Policies against each other: every pair tested, and who cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gairp.metrics.critical_difference import cliques, mean_ranks
from gairp.metrics.holm import holm
from gairp.metrics.interval import Estimate, p_value
from gairp.report.study import Floats

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """The better of two policies, by its mean, less the other."""

    better: str
    worse: str
    difference: Estimate
    p_value: float  #: two-sided, Holm-corrected over all pairs

    @property
    def differ(self) -> bool:
        """Whether both the interval and the corrected p-value say so."""
        return self.p_value <= LEVEL and self.difference.low > 0


@dataclass(frozen=True, slots=True)
class Contest:
    """Policies from the best mean rank to the worst."""

    names: tuple[str, ...]  #: [k]
    ranks: Floats  #: [k], mean over the blocks
    effects: tuple[Estimate, ...]  #: [k]
    pairs: tuple[Pair, ...]  #: all k(k − 1)/2
    groups: tuple[tuple[int, int], ...]  #: first and last of neighbours that do not differ

    @classmethod
    def of(cls, names: Sequence[str], point: Floats, draws: Floats, blocks: Floats) -> Contest:
        """point: [k], the effects; draws: [B, k], the same draws for all; blocks: [N, k], by which
        the policies are ranked. Larger is better.
        """
        ranks = mean_ranks(blocks)
        order = np.lexsort((np.arange(len(names)), -point, ranks))
        sorted_names = tuple(names[i] for i in order)
        pairs = _pairs(sorted_names, point[order], draws[:, order])
        return cls(
            names=sorted_names,
            ranks=ranks[order],
            effects=tuple(Estimate.from_draws(float(point[i]), draws[:, i]) for i in order),
            pairs=pairs,
            groups=tuple(cliques(_apart(sorted_names, pairs))),
        )

    def pair(self, one: str, other: str) -> Pair:
        """The pair of these two, in either order."""
        return next(p for p in self.pairs if {p.better, p.worse} == {one, other})


def _pairs(names: Sequence[str], point: Floats, draws: Floats) -> tuple[Pair, ...]:
    found = []
    for i, j in combinations(range(len(names)), 2):
        a, b = (i, j) if point[i] >= point[j] else (j, i)
        difference = draws[:, a] - draws[:, b]
        found.append((a, b, Estimate.from_draws(float(point[a] - point[b]), difference)))
    corrected = holm([p_value(estimate.draws) for _, _, estimate in found]).tolist()
    return tuple(
        Pair(names[a], names[b], estimate, p)
        for (a, b, estimate), p in zip(found, corrected, strict=True)
    )


def _apart(names: Sequence[str], pairs: Sequence[Pair]) -> NDArray[np.bool_]:
    place = {name: i for i, name in enumerate(names)}
    apart = np.zeros((len(names), len(names)), dtype=np.bool_)
    for pair in pairs:
        if pair.differ:
            i, j = place[pair.better], place[pair.worse]
            apart[i, j] = apart[j, i] = True
    return apart
