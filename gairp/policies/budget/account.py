"""Money and requests of one horizon, and what became of the horizons before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Account:
    """What one key has spent in the horizon at hand."""

    spent_usd: float = 0.0
    predicted_usd: float = 0.0  #: what the arms taken were expected to cost
    requests: int = 0
    price: float | None = None  #: of money, utility a USD; None until it was solved for
    past_usd: list[float] = field(default_factory=list)  #: spent in the horizons before

    def pay(self, cost_usd: float, expected_usd: float) -> None:
        """One request has completed."""
        self.spent_usd += cost_usd
        self.predicted_usd += expected_usd
        self.requests += 1

    def ratio(self, prior_usd: float) -> float:
        """Realised over expected cost, drawn to 1 as by `prior_usd` of either."""
        return (self.spent_usd + prior_usd) / (self.predicted_usd + prior_usd)

    def renew(self) -> None:
        """A new horizon begins."""
        self.past_usd.append(self.spent_usd)
        self.spent_usd = self.predicted_usd = 0.0
        self.requests, self.price = 0, None

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        return {
            "spent": self.spent_usd,
            "predicted": self.predicted_usd,
            "requests": self.requests,
            "price": self.price,
            "past": self.past_usd,
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Account:
        """Take up a saved state."""
        price = state["price"]
        return cls(
            spent_usd=float(state["spent"]),
            predicted_usd=float(state["predicted"]),
            requests=int(state["requests"]),
            price=None if price is None else float(price),
            past_usd=[float(spent) for spent in state["past"]],
        )


def overshoot(spent_usd: float, budget_usd: float) -> float:
    """Share of the budget that was spent beyond it; 0 within it."""
    return max(0.0, spent_usd / budget_usd - 1.0)
