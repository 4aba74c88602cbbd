"""epsilon-greedy on Vowpal Wabbit."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.policies.vw import VWPolicy, at_least, one_of
from gairp.rewards import Utility


class VWEpsilon(VWPolicy):
    """The arm of lowest predicted cost, but any arm with probability `epsilon` in all.

    cb_type: how one arm's cost trains the regression: `mtr` (importance-weighted regression), `ips`
        or `dr` (Bietti, Agarwal, Langford 2021, section 2).
    """

    def __init__(
        self,
        *,
        epsilon: float = 0.05,
        cb_type: str = "mtr",
        learning_rate: float = 0.5,
        bits: int = 18,
        interactions: Iterable[str] = ("sa",),
        power_t: float = 0.5,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        self.epsilon = at_least("epsilon", epsilon, 0.0, 1.0)
        self.cb_type = one_of("cb_type", cb_type, ("mtr", "ips", "dr"))
        super().__init__(
            learning_rate=learning_rate,
            bits=bits,
            interactions=interactions,
            power_t=power_t,
            utility=utility,
            name=name,
        )

    def _exploration(self) -> list[str]:
        return ["--epsilon", repr(self.epsilon), "--cb_type", self.cb_type]
