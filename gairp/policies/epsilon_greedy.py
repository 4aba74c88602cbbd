"""ε-greedy on the mean reward of each arm (Sutton & Barto 2018, section 2.2)."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, Floats, State, best
from gairp.policies.tally import Tally
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class EpsilonGreedy(BasePolicy):
    """The arm of the best mean reward with probability 1 - ε, and any of the k with ε / k each.

    Looks at no features. An arm without a reward yet counts as the best; ties go to the lowest
    expected cost, then the name.

    epsilon: share of exploration, in [0, 1].
    decay: ε after n rewards is epsilon / (1 + decay * n); 0 keeps it constant.
    """

    learns = True

    def __init__(
        self,
        *,
        epsilon: float = 0.1,
        decay: float = 0.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not (0 <= epsilon <= 1 and 0 <= decay < np.inf):
            raise ConfigError(
                f"epsilon_greedy needs epsilon in [0, 1] and decay >= 0; got {epsilon} and {decay}"
            )
        self.epsilon, self.decay = float(epsilon), float(decay)
        self._tally = Tally()

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        means = self._tally.means(context.candidates, unseen=np.inf)
        k = len(means)
        epsilon = self.epsilon / (1.0 + self.decay * self.state_version)
        p = np.full(k, epsilon / k)
        p[best(means, context)] += 1.0 - epsilon
        return p, means

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._tally.add(decision.arm, reward)

    def _state(self) -> State:
        return self._tally.state()

    def _restore(self, state: State) -> None:
        self._tally.restore(state)
