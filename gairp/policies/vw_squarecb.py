"""SquareCB (Foster and Rakhlin 2020) on Vowpal Wabbit."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.policies.vw import VWPolicy, at_least
from gairp.rewards import Utility


class VWSquareCB(VWPolicy):
    """Probability 1 / (k + γ_t gap) for an arm predicted worse by `gap`, the rest to the best.

    γ_t = gamma_scale * t^gamma_exponent, with t the updates so far. The regression is not
    importance-weighted.
    """

    # VW forgets this for the last candidate in the list: so the label says it.
    importance_weighted = False

    def __init__(
        self,
        *,
        gamma_scale: float = 10.0,
        gamma_exponent: float = 0.5,
        learning_rate: float = 0.5,
        bits: int = 18,
        interactions: Iterable[str] = ("sa",),
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        self.gamma_scale = at_least("gamma_scale", gamma_scale, 0.0)
        self.gamma_exponent = at_least("gamma_exponent", gamma_exponent, 0.0)
        super().__init__(
            learning_rate=learning_rate,
            bits=bits,
            interactions=interactions,
            utility=utility,
            name=name,
        )

    def _exploration(self) -> list[str]:
        scale, exponent = repr(self.gamma_scale), repr(self.gamma_exponent)
        return ["--squarecb", "--gamma_scale", scale, "--gamma_exponent", exponent]
