"""LinUCB with one ridge regression an arm (Li, Chu, Langford, Schapire 2010, Algorithm 1)."""

from __future__ import annotations

import numpy as np
from scipy.linalg.blas import daxpy

from gairp.errors import ConfigError
from gairp.policies.base import Floats, GreedyPolicy
from gairp.policies.linear_arms import LinearArms
from gairp.policies.ridge_arms import RidgeArms
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context


class LinUCB(LinearArms, GreedyPolicy):
    """Score = θ_a·x + alpha * sqrt(x' A_a^-1 x), with A_a = ridge * I + Σ x x' over arm a's pulls.

    alpha: width of the confidence bound; ridge: weight of the prior that θ is 0.
    """

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
        self._arms = RidgeArms(self.ridge)

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        mean, width = self._arms.predict(context.features, context.candidates)
        np.sqrt(width, out=width)
        # mean += alpha * width, by BLAS: in place, and cheaper than two steps of numpy.
        scores: Floats = daxpy(width, mean, len(mean), self.alpha)
        return scores
