"""LinUCB that forgets at a steady rate (Russac, Vernade, Cappé 2019, D-LinUCB)."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.policies.gram_arms import DiscountedArms
from gairp.policies.linucb import LinUCB
from gairp.rewards import Utility


class DiscountedLinUCB(LinUCB):
    """LinUCB on evidence that counts `discount` times as much with every reward that comes.

    discount: 0.995 remembers about the last 200 rewards, 1 all of them; alpha, ridge: of LinUCB.
    """

    def __init__(
        self,
        *,
        discount: float = 0.995,
        alpha: float = 1.0,
        ridge: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(alpha=alpha, ridge=ridge, utility=utility, name=name)
        if not 0 < discount <= 1:
            raise ConfigError(f"discounted_linucb needs 0 < discount <= 1; got {discount}")
        self.discount = float(discount)
        self._arms = DiscountedArms(self.ridge, self.discount)
