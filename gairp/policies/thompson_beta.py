"""Thompson sampling with a Beta posterior an arm (Agrawal & Goyal 2012)."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats
from gairp.policies.best_arm import best_of_betas
from gairp.policies.thompson import IndependentThompson
from gairp.rewards import Utility


class ThompsonBeta(IndependentThompson):
    """Posterior Beta(prior_a + Σ r, prior_b + Σ (1 - r)) of each arm's mean reward.

    Agrawal & Goyal (2012, Algorithm 2) turn a reward in [0, 1] into a coin flip of that
    probability; here the expected flip is counted, a fraction: the same posterior mean without
    the noise of the coin.

    low, high: the utilities that count as 0 and as 1. What lies outside is clipped, so arms that
        differ only outside the range look alike: set it to the range of the utility where cost or
        latency enters.
    """

    def __init__(
        self,
        *,
        prior_a: float = 1.0,
        prior_b: float = 1.0,
        low: float = 0.0,
        high: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not (0 < prior_a < np.inf and 0 < prior_b < np.inf):
            raise ConfigError(f"thompson needs prior_a, prior_b > 0; got {prior_a} and {prior_b}")
        if not -np.inf < low < high < np.inf:
            raise ConfigError(f"thompson needs low < high; got {low} and {high}")
        self.prior_a, self.prior_b = float(prior_a), float(prior_b)
        self.low, self.high = float(low), float(high)

    def _posterior(self, count: Floats, total: Floats) -> tuple[Floats, Floats]:
        a = self.prior_a + total
        b = self.prior_b + (count - total)
        return best_of_betas(a, b), a / (a + b)

    def _reward(self, reward: float) -> float:
        share = (reward - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)
