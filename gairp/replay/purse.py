"""A budget for the requests of one replay."""

from __future__ import annotations

import math

from gairp.errors import ConfigError
from gairp.types import Budget, Outcome, Request


class HorizonPurse:
    """So much for so many requests, whoever asks."""

    def __init__(
        self, *, total_usd: float, requests: int, cap_usd: float = math.inf, key: str = ""
    ) -> None:
        """`cap_usd` is of one request; `key` is what policies tell budgets apart by."""
        if not 0 < total_usd < math.inf or requests < 1:
            raise ConfigError(
                f"a purse of {total_usd} USD for {requests} requests; give USD above 0 and at "
                "least one request"
            )
        self.total_usd, self.requests = float(total_usd), int(requests)
        self.cap_usd, self.key = cap_usd, key
        self.spent_usd, self.served = 0.0, 0

    def budget(self, request: Request) -> Budget:
        """As it stands: what completed requests cost is gone, what is under way is not."""
        return Budget(
            left_usd=self.total_usd - self.spent_usd,
            total_usd=self.total_usd,
            horizon_left=max(0.0, 1.0 - self.served / self.requests),
            cap_per_request_usd=self.cap_usd,
            key=self.key,
        )

    def paid(self, outcome: Outcome) -> None:
        """One request has ended, served or refused."""
        self.spent_usd += outcome.total_cost_usd
        self.served += 1


class RollingPurse:
    """A rate, at every moment for as many requests to come: a stream without an end.

    What was spent above the rate is to be saved over the next `requests`, what was saved may be
    spent over them.
    """

    def __init__(self, *, rate_usd: float, requests: int, key: str = "") -> None:
        """`rate_usd` a request."""
        if not 0 < rate_usd < math.inf or requests < 1:
            raise ConfigError(
                f"a purse of {rate_usd} USD a request, over {requests}; give USD above 0 and at "
                "least one request"
            )
        self.rate_usd, self.requests, self.key = float(rate_usd), int(requests), key
        self.spent_usd, self.served = 0.0, 0

    def budget(self, request: Request) -> Budget:
        """As it stands: the horizon is always whole."""
        return Budget(
            left_usd=self.rate_usd * (self.requests + self.served) - self.spent_usd,
            total_usd=self.rate_usd * self.requests,
            horizon_left=1.0,
            key=self.key,
        )

    def paid(self, outcome: Outcome) -> None:
        """One request has ended, served or refused."""
        self.spent_usd += outcome.total_cost_usd
        self.served += 1
