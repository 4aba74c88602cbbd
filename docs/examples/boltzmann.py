"""Boltzmann exploration: better arms are drawn more often (Cesa-Bianchi et al. 2017)."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, Floats, State
from gairp.policies.tally import Tally
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class Boltzmann(BasePolicy):
    """p(arm) ∝ exp(mean reward / temperature); an arm without a reward counts as 1."""

    learns = True

    def __init__(
        self, *, temperature: float = 0.2, utility: Utility | None = None, name: str | None = None
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not temperature > 0:
            raise ConfigError(f"boltzmann needs temperature > 0; got {temperature}")
        self.temperature = float(temperature)
        self._tally = Tally()

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        means = self._tally.means(context.candidates, unseen=1.0)
        p = np.exp((means - means.max()) / self.temperature)
        return p / p.sum(), means

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._tally.add(decision.arm, reward)

    def _state(self) -> State:
        return self._tally.state()

    def _restore(self, state: State) -> None:
        self._tally.restore(state)
