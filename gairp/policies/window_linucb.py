"""LinUCB on a sliding window (Cheung, Simchi-Levi, Zhu 2019, SW-UCB)."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.policies.gram_arms import WindowArms
from gairp.policies.linucb import LinUCB
from gairp.rewards import Utility


class WindowLinUCB(LinUCB):
    """LinUCB on the last `window` rewards, of whatever arm.

    window: rewards that count; alpha, ridge: of LinUCB.
    """

    def __init__(
        self,
        *,
        window: int = 300,
        alpha: float = 1.0,
        ridge: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(alpha=alpha, ridge=ridge, utility=utility, name=name)
        if not window >= 1:
            raise ConfigError(f"window_linucb needs window >= 1; got {window}")
        self.window = int(window)
        self._arms = WindowArms(self.ridge, self.window)
