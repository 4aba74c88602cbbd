"""LinUCB with one ridge regression an arm (Li, Chu, Langford, Schapire 2010, Algorithm 1)."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import daxpy

from gairp.errors import ConfigError
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.gram_arms import GramArms
from gairp.policies.ridge_arms import RidgeArms
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class LinUCB(GreedyPolicy):
    """Score = θ_a·x + alpha * sqrt(x' A_a^-1 x), with A_a = ridge * I + Σ x x' over arm a's pulls.

    alpha: width of the confidence bound; ridge: weight of the prior that θ is 0.
    """

    reads_features = True
    learns = True

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        ridge: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not (0 <= alpha < np.inf and 0 < ridge < np.inf):
            raise ConfigError(f"linucb needs alpha >= 0 and ridge > 0; got {alpha} and {ridge}")
        self.alpha, self.ridge = float(alpha), float(ridge)
        self._arms: RidgeArms | GramArms = RidgeArms(self.ridge)

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        mean, width = self._arms.predict(context.features, context.candidates)
        np.sqrt(width, out=width)
        # mean += alpha * width, by BLAS: in place, and cheaper than two steps of numpy.
        scores: Floats = daxpy(width, mean, len(mean), self.alpha)
        return scores

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        self._arms.update(decision.arm, context.features, reward)

    def begin_at(self, arms: tuple[str, ...], precision: Floats, mean: Floats) -> None:
        """Begin with the prior θ_a ~ N(mean[a], precision[a]^-1); what was learned is gone."""
        self._arms.begin_at(arms, precision, mean)

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of what is known of an arm."""
        self._arms.forget(arm, kept=kept)

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Let a new arm begin with this share of another's evidence; None: of the mean of all."""
        self._arms.adopt(arm, like=like, kept=kept)

    def _state(self) -> State:
        return self._arms.state()

    def _restore(self, state: State) -> None:
        self._arms.restore(state)
