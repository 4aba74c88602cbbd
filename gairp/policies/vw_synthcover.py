"""Synthetic cover on Vowpal Wabbit (`--synthcover`)."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.policies.vw import VWPolicy, at_least
from gairp.rewards import Utility


class VWSynthCover(VWPolicy):
    """As cover, with the further policies simulated on the predictions of one regression.

    size: how many policies.
    psi: how much disagreement is worth.
    epsilon: probability spread over all arms besides.
    """

    def __init__(
        self,
        *,
        size: int = 100,
        psi: float = 0.1,
        epsilon: float = 0.05,
        learning_rate: float = 0.5,
        bits: int = 18,
        interactions: Iterable[str] = ("sa",),
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        self.size = int(at_least("size", size, 1))
        self.psi = at_least("psi", psi, 0.0)
        self.epsilon = at_least("epsilon", epsilon, 0.0, 1.0)
        super().__init__(
            learning_rate=learning_rate,
            bits=bits,
            interactions=interactions,
            utility=utility,
            name=name,
        )

    def _exploration(self) -> list[str]:
        size, psi = str(self.size), repr(self.psi)
        options = ["--synthcover", "--synthcoversize", size, "--synthcoverpsi", psi]
        return [*options, "--epsilon", repr(self.epsilon)]
