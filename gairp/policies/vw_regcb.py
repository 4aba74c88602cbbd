"""RegCB (Foster, Agarwal, Dudík, Luo, Schapire 2018) on Vowpal Wabbit."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gairp.policies.vw import VWPolicy, at_least
from gairp.rewards import Utility


class VWRegCB(VWPolicy):
    """Uniform over the arms that may still be best, judged by confidence bounds on their costs.

    mellowness: width of the bounds (c_0).
    optimistic: only the arm of the best bound instead.
    utility_low: the bounds are cut to utilities between this and 1; a lower one is learned from as
        it is.

    The regression is not importance-weighted.
    """

    # VW forgets this for the last candidate in the list: so the label says it.
    importance_weighted = False

    def __init__(
        self,
        *,
        mellowness: float = 0.01,
        optimistic: bool = False,
        utility_low: float = 0.0,
        learning_rate: float = 0.5,
        bits: int = 18,
        interactions: Iterable[str] = ("sa",),
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        self.mellowness = at_least("mellowness", mellowness, 0.0)
        self.optimistic = bool(optimistic)
        self.utility_low = at_least("utility_low", utility_low, -math.inf, 0.999)
        super().__init__(
            learning_rate=learning_rate,
            bits=bits,
            interactions=interactions,
            utility=utility,
            name=name,
        )

    def _exploration(self) -> list[str]:
        rule = "--regcbopt" if self.optimistic else "--regcb"
        bounds = ["--cb_min_cost", "0", "--cb_max_cost", repr(1.0 - self.utility_low)]
        return [rule, "--mellowness", repr(self.mellowness), *bounds]
