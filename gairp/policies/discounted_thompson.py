"""Thompson sampling that forgets at a steady rate (Raj and Kalyani 2017, dTS)."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.policies.forgetful_tally import DiscountedTally
from gairp.policies.thompson_beta import ThompsonBeta
from gairp.rewards import Utility


class DiscountedThompson(ThompsonBeta):
    """Beta posteriors of rewards that count `discount` times as much with every one that comes.

    discount: 0.99 remembers about the last 100 rewards; the others: of ThompsonBeta.
    """

    def __init__(
        self,
        *,
        discount: float = 0.99,
        prior_a: float = 1.0,
        prior_b: float = 1.0,
        low: float = 0.0,
        high: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            prior_a=prior_a, prior_b=prior_b, low=low, high=high, utility=utility, name=name
        )
        if not 0 < discount <= 1:
            raise ConfigError(f"discounted_thompson needs 0 < discount <= 1; got {discount}")
        self.discount = float(discount)
        self._tally = DiscountedTally(self.discount)
