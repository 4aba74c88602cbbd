"""Thompson sampling on a sliding window (Trovò, Paladino, Restelli, Gatti 2020)."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.policies.forgetful_tally import WindowTally
from gairp.policies.thompson_beta import ThompsonBeta
from gairp.rewards import Utility


class WindowThompson(ThompsonBeta):
    """Beta posteriors of the last `window` rewards, of whatever arm.

    window: rewards that count; the others: of ThompsonBeta.
    """

    def __init__(
        self,
        *,
        window: int = 200,
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
        if not window >= 1:
            raise ConfigError(f"window_thompson needs window >= 1; got {window}")
        self.window = int(window)
        self._tally = WindowTally(self.window)
