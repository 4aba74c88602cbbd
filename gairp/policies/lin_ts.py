"""Thompson sampling with linear payoffs (Agrawal & Goyal 2013), one regression an arm."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, best, one_hot
from gairp.policies.best_arm import best_of_gaussians
from gairp.policies.linear_arms import LinearArms
from gairp.policies.ridge_arms import RidgeArms
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context


class LinTS(LinearArms):
    """Every arm's θ_a ~ N(θ̂_a, v² A_a^-1), with A_a = ridge * I + Σ x x' over arm a's pulls.

    Given x the arms' payoffs are independent normals of mean θ̂_a·x and standard deviation
    v * sqrt(x' A_a^-1 x), so the probability that a sample of arm a comes out best is a
    one-dimensional integral: it is computed, not estimated from samples of θ.

    v: how wide the posterior is taken, 0 for a greedy choice; ridge: weight of the prior θ = 0.
    """

    def __init__(
        self,
        *,
        v: float = 0.5,
        ridge: float = 1.0,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if not (0 <= v < np.inf and 0 < ridge < np.inf):
            raise ConfigError(f"lin_ts needs v >= 0 and ridge > 0; got {v} and {ridge}")
        self.v, self.ridge = float(v), float(ridge)
        self._arms = RidgeArms(self.ridge)

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        mean, sd = self._arms.predict(context.features, context.candidates)
        np.sqrt(sd, out=sd)
        sd *= self.v
        if sd.max() == 0.0:
            return np.asarray(one_hot(len(mean), best(mean, context))), mean
        return best_of_gaussians(mean, sd), mean
