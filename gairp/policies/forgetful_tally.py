"""Counts and totals of rewards that fade, or fall out of a window."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from gairp.policies.tally import Tally


class DiscountedTally(Tally):
    """Every reward that comes makes all those before it count `discount` times as much."""

    def __init__(self, discount: float) -> None:
        super().__init__()
        self._discount = discount

    def add(self, arm: str, reward: float) -> None:
        """Count one reward."""
        self._count *= self._discount
        self._total *= self._discount
        super().add(arm, reward)


class WindowTally(Tally):
    """The last `window` rewards count, of whatever arm."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self._window = window
        self._recent: deque[tuple[str, float]] = deque()

    def add(self, arm: str, reward: float) -> None:
        """Count one reward, and let the oldest go."""
        self._recent.append((arm, reward))
        if len(self._recent) > self._window:
            self._recent.popleft()
        self._row(arm)
        self._sum()

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """The newest share of an arm's rewards is what is kept."""
        own = [i for i, (name, _) in enumerate(self._recent) if name == arm]
        gone = set(own[: len(own) - round(kept * len(own))])
        self._recent = deque(one for i, one in enumerate(self._recent) if i not in gone)
        self._sum()

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """The newest share of the other's rewards, as if the new arm had earned them."""
        if arm in self._arms or not self._recent:
            return
        own = [reward for name, reward in self._recent if like is None or name == like]
        count = round(kept * len(own) / (len(self._arms) if like is None else 1))
        self._row(arm)
        self._recent.extend((arm, reward) for reward in (own[-count:] if count else []))
        while len(self._recent) > self._window:
            self._recent.popleft()
        self._sum()

    def _sum(self) -> None:
        """Anew, since taking the oldest away would leave its rounding behind."""
        self._count[:] = 0.0
        self._total[:] = 0.0
        for arm, reward in self._recent:
            row = self._row(arm)
            self._count[row] += 1.0
            self._total[row] += reward

    def state(self) -> dict[str, Any]:
        """With the rewards."""
        return {
            **super().state(),
            "recent_arms": [arm for arm, _ in self._recent],
            "recent": [reward for _, reward in self._recent],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """With the rewards."""
        super().restore(state)
        self._recent = deque(zip(state["recent_arms"], state["recent"], strict=True))
