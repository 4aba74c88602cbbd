"""UCB1 (Auer, Cesa-Bianchi, Fischer 2002, figure 1)."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.tally import Tally
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class UCB1(GreedyPolicy):
    """Score = mean_a + scale * sqrt(2 ln n / n_a), after n rewards, n_a of them of arm a.

    Looks at no features. Arms without a reward come first, the lowest expected cost before the
    others. The bound is made for rewards in [0, 1]: `scale` is the width of their true range,
    such as 1 + cost_weight * 1000 * dearest cost; less than that explores less.
    """

    learns = True

    def __init__(
        self, *, scale: float = 1.0, utility: Utility | None = None, name: str | None = None
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not 0 <= scale < np.inf:
            raise ConfigError(f"ucb1 needs scale >= 0; got {scale}")
        self.scale = float(scale)
        self._tally = Tally()

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        scores = self._tally.means(context.candidates, unseen=np.inf)
        count, _ = self._tally.of(context.candidates)
        width = np.sqrt(2.0 * np.log(max(self._tally.rewards, 1.0)) / np.maximum(count, 1.0))
        width *= self.scale
        scores += width
        return scores

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._tally.add(decision.arm, reward)

    def _state(self) -> State:
        return self._tally.state()

    def _restore(self, state: State) -> None:
        self._tally.restore(state)
