"""Linear Thompson sampling that forgets at a steady rate (Kim and Tewari 2020, D-LinTS)."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.policies.gram_arms import DiscountedArms
from gairp.policies.lin_ts import LinTS
from gairp.rewards import Utility


class DiscountedLinTS(LinTS):
    """LinTS on evidence that counts `discount` times as much with every reward that comes.

    discount: 0.995 remembers about the last 200 rewards, 1 all of them; v, ridge: of LinTS.
    """

    def __init__(
        self,
        *,
        discount: float = 0.995,
        v: float = 0.5,
        ridge: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(v=v, ridge=ridge, utility=utility, name=name)
        if not 0 < discount <= 1:
            raise ConfigError(f"discounted_lin_ts needs 0 < discount <= 1; got {discount}")
        self.discount = float(discount)
        self._arms = DiscountedArms(self.ridge, self.discount)
