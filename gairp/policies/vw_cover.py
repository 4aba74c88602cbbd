"""Online cover (Agarwal et al. 2014, Algorithm 5) on Vowpal Wabbit."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.policies.vw import VWPolicy, at_least, one_of
from gairp.rewards import Utility


class VWCover(VWPolicy):
    """Several greedy policies, each trained to disagree with those before it, in equal shares.

    policies: how many.
    psi: how much disagreement is worth.
    epsilon: probability spread over all arms (over those that a policy chose, with `nounif`);
        None: min(1, √(k / t)), VW's decaying default.
    """

    def __init__(
        self,
        *,
        policies: int = 4,
        psi: float = 1.0,
        epsilon: float | None = 0.05,
        nounif: bool = True,
        cb_type: str = "mtr",
        learning_rate: float = 0.5,
        bits: int = 18,
        interactions: Iterable[str] = ("sa",),
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        self.policies = int(at_least("policies", policies, 1))
        self.psi = at_least("psi", psi, 0.0)
        self.epsilon = None if epsilon is None else at_least("epsilon", epsilon, 0.0, 1.0)
        self.nounif = bool(nounif)
        self.cb_type = one_of("cb_type", cb_type, ("mtr", "ips", "dr"))
        super().__init__(
            learning_rate=learning_rate,
            bits=bits,
            interactions=interactions,
            utility=utility,
            name=name,
        )

    def _exploration(self) -> list[str]:
        options = [
            "--cover",
            str(self.policies),
            "--psi",
            repr(self.psi),
            "--cb_type",
            self.cb_type,
        ]
        if self.epsilon is not None:
            options += ["--epsilon", repr(self.epsilon)]
        return [*options, "--nounif"] if self.nounif else options
