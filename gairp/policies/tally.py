"""How often each arm was rewarded, and with how much in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.policies.arms import ArmIndex

Floats = NDArray[np.float64]


class Tally:
    """Count and total of rewards by arm; zeros for an arm without any."""

    def __init__(self) -> None:
        self._arms = ArmIndex()
        # One row more than arms: row -1, always zero, is what an arm never seen reads.
        self._count = np.zeros(1)
        self._total = np.zeros(1)

    def add(self, arm: str, reward: float) -> None:
        """Count one reward."""
        row = self._row(arm)
        self._count[row] += 1.0
        self._total[row] += reward

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of an arm's rewards."""
        row = self._arms.row(arm)
        if row is not None:
            self._count[row] *= kept
            self._total[row] *= kept

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Give a new arm this share of another's rewards; None: of the mean of all."""
        if arm in self._arms or not len(self._arms):
            return
        source = None if like is None else self._arms.row(like)
        rows = slice(0, len(self._arms)) if source is None else slice(source, source + 1)
        count, total = self._count[rows].mean(), self._total[rows].mean()
        row = self._row(arm)
        self._count[row], self._total[row] = kept * count, kept * total

    def _row(self, arm: str) -> int:
        row = self._arms.row(arm)
        if row is None:
            row = self._arms.add(arm)
            self._count = np.append(self._count, 0.0)
            self._total = np.append(self._total, 0.0)
        return row

    def of(self, arms: tuple[str, ...]) -> tuple[Floats, Floats]:
        """Counts and totals of these arms, [k] each; to be read, not written."""
        rows = self._arms.rows(arms)
        if rows is None:
            return self._count[:-1], self._total[:-1]
        return self._count[rows], self._total[rows]

    def means(self, arms: tuple[str, ...], *, unseen: float) -> Floats:
        """Mean rewards of these arms [k]; `unseen` for an arm without any."""
        count, total = self.of(arms)
        means = np.full(len(count), unseen)
        np.divide(total, count, out=means, where=count > 0)
        return means

    @property
    def rewards(self) -> float:
        """How many rewards were counted, all arms together."""
        return float(self._count.sum())

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        names = list(self._arms.names)
        return {"arms": names, "count": self._count[:-1], "total": self._total[:-1]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._arms = ArmIndex(tuple(state["arms"]))
        self._count = np.append(state["count"], 0.0)
        self._total = np.append(state["total"], 0.0)
