"""Thompson sampling with linear payoffs (Agrawal & Goyal 2013), one regression an arm."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy, Floats, State, best, one_hot
from gairp.policies.best_arm import best_of_gaussians
from gairp.policies.gram_arms import GramArms
from gairp.policies.ridge_arms import RidgeArms
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class LinTS(BasePolicy):
    """Every arm's θ_a ~ N(θ̂_a, v² A_a^-1), with A_a = ridge * I + Σ x x' over arm a's pulls.

    Given x the arms' payoffs are independent normals of mean θ̂_a·x and standard deviation
    v * sqrt(x' A_a^-1 x), so the probability that a sample of arm a comes out best is a
    one-dimensional integral: it is computed, not estimated from samples of θ.

    v: how wide the posterior is taken, 0 for a greedy choice; ridge: weight of the prior θ = 0.
    """

    reads_features = True
    learns = True

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
        self._arms: RidgeArms | GramArms = RidgeArms(self.ridge)

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        mean, sd = self._arms.predict(context.features, context.candidates)
        np.sqrt(sd, out=sd)
        sd *= self.v
        if sd.max() == 0.0:
            return np.asarray(one_hot(len(mean), best(mean, context))), mean
        return best_of_gaussians(mean, sd), mean

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
