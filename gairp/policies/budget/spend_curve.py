"""What the last requests would have cost at any price of money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.policies.arms import ArmIndex
from gairp.policies.budget.priced import tilted

Floats = NDArray[np.float64]

_STEPS = 40  # of the bisection: a price to 12 digits
_RANGE = (1e-6, 1e6)  # of the price, in utility per mean cost of a candidate


class SpendCurve:
    """A window of score vectors and expected costs, and the mean spend S(price) over it.

    At a price λ (utility a USD) each request of the window takes the highest score - λ cost, or
    draws from p exp(-λ cost) where the policy draws. S falls as λ rises, so the price at which a
    rate is spent is found by bisection: the sample-average dual of the budget problem, solved anew
    as the budget is used up (Jasin & Kumar 2012, "A re-solving heuristic with bounded revenue
    loss"; Agrawal, Wang, Ye 2014, "A dynamic near-optimal algorithm for online linear
    programming").
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._arms = ArmIndex()
        self._scores: Floats = np.empty((0, 0))  # [rows, arms]; -inf for what was no candidate
        self._costs: Floats = np.empty((0, 0))  # [rows, arms], USD
        self._draws: NDArray[np.bool_] = np.empty(0, dtype=np.bool_)  # [rows], or takes the best
        self._next = 0  # the row that gives way

    def __len__(self) -> int:
        return len(self._draws)

    def add(
        self, arms: Sequence[str], values: Sequence[float], costs: Floats, *, draws: bool
    ) -> None:
        """One request: its candidates' scores (or probabilities, where it draws) and costs [k]."""
        columns = [self._column(arm) for arm in arms]
        if len(self) < self._window:
            k = len(self._arms)
            self._scores = np.vstack([self._scores, np.full((1, k), -np.inf)])
            self._costs = np.vstack([self._costs, np.zeros((1, k))])
            self._draws = np.append(self._draws, draws)
            row = len(self) - 1
        else:
            row, self._next = self._next, (self._next + 1) % self._window
            self._scores[row], self._costs[row], self._draws[row] = -np.inf, 0.0, draws
        with np.errstate(divide="ignore"):
            self._scores[row, columns] = np.log(values) if draws else values
        self._costs[row, columns] = costs

    def _column(self, arm: str) -> int:
        if arm not in self._arms:
            rows = len(self)
            self._scores = np.hstack([self._scores, np.full((rows, 1), -np.inf)])
            self._costs = np.hstack([self._costs, np.zeros((rows, 1))])
        return self._arms.add(arm)

    def spend(self, price: float) -> float:
        """S(price), USD a request."""
        net = self._scores - price * self._costs
        taken = self._costs[np.arange(len(net)), net.argmax(axis=1)]
        if self._draws.any():
            p = tilted(np.exp(self._scores[self._draws]), price * self._costs[self._draws])
            taken[self._draws] = (p * self._costs[self._draws]).sum(axis=1)
        return float(taken.mean())

    def cheapest(self) -> float:
        """Mean cost of each request's cheapest candidate, USD."""
        return float(np.where(self._scores > -np.inf, self._costs, np.inf).min(axis=1).mean())

    def price(self, rate: float, at_least: float = 0.0) -> float:
        """The lowest price of at least 0 at which no more than `rate` is spent.

        Where even for nothing less than `at_least` would be spent, money is worth less than
        nothing: a price below 0, at which that much is. 0 for an empty window.
        """
        if not len(self):
            return 0.0
        free = self.spend(0.0)
        if at_least <= free <= rate:
            return 0.0
        unit = 1.0 / max(float(self._costs[self._scores > -np.inf].mean()), 1e-300)
        low, high = (np.log(bound) for bound in _RANGE)
        sign = 1.0 if free > rate else -1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2.0
            spent = self.spend(sign * np.exp(middle) * unit)
            enough = spent <= rate if sign > 0 else spent >= at_least
            low, high = (low, middle) if enough else (middle, high)
        return float(sign * np.exp(high) * unit)

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""
        return {
            "arms": list(self._arms.names),
            "scores": self._scores,
            "costs": self._costs,
            "draws": self._draws,
            "next": self._next,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
        self._arms = ArmIndex(tuple(state["arms"]))
        self._scores, self._costs = state["scores"], state["costs"]
        self._draws, self._next = state["draws"], int(state["next"])
