"""Linear Thompson sampling on a sliding window."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.policies.gram_arms import WindowArms
from gairp.policies.lin_ts import LinTS
from gairp.rewards import Utility


class WindowLinTS(LinTS):
    """LinTS on the last `window` rewards, of whatever arm.

    window: rewards that count; v, ridge: of LinTS.
    """

    def __init__(
        self,
        *,
        window: int = 300,
        v: float = 0.5,
        ridge: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(v=v, ridge=ridge, utility=utility, name=name)
        if not window >= 1:
            raise ConfigError(f"window_lin_ts needs window >= 1; got {window}")
        self.window = int(window)
        self._arms = WindowArms(self.ridge, self.window)
