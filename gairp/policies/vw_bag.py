"""Bootstrap Thompson sampling on Vowpal Wabbit."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.policies.vw import VWPolicy, at_least, one_of
from gairp.rewards import Utility


class VWBag(VWPolicy):
    """Several greedy policies on online bootstraps of the data (Agarwal et al. 2014; Oza 2001).

    policies: how many; an arm's probability is the share of policies that choose it.
    greedify: the first policy sees every update once.
    epsilon: probability spread over all arms besides.
    seed: of the bootstraps (how often each policy sees an update: Poisson of mean 1).
    """

    def __init__(
        self,
        *,
        policies: int = 5,
        greedify: bool = False,
        epsilon: float = 0.0,
        cb_type: str = "mtr",
        learning_rate: float = 0.5,
        bits: int = 18,
        interactions: Iterable[str] = ("sa",),
        seed: int = 0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        self.policies = int(at_least("policies", policies, 1))
        self.greedify = bool(greedify)
        self.epsilon = at_least("epsilon", epsilon, 0.0, 1.0)
        self.cb_type = one_of("cb_type", cb_type, ("mtr", "ips", "dr"))
        super().__init__(
            learning_rate=learning_rate,
            bits=bits,
            interactions=interactions,
            seed=seed,
            utility=utility,
            name=name,
        )

    def _exploration(self) -> list[str]:
        options = ["--bag", str(self.policies), "--cb_type", self.cb_type]
        options += ["--epsilon", repr(self.epsilon)]
        return [*options, "--greedify"] if self.greedify else options
