"""LinUCB with one ridge regression an arm (Li, Chu, Langford, Schapire 2010, Algorithm 1)."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError, FeatureError
from gairp.policies.arms import ArmIndex
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, Decision


class LinUCB(GreedyPolicy):
    """Score = θ_a·x + alpha * sqrt(x' A_a^-1 x), with A_a = ridge * I + Σ x x' over arm a's pulls.

    A_a^-1 is kept up by the Sherman-Morrison formula; the inverses of all arms lie stacked in one
    [k * d, d] matrix, so that one matrix-vector product serves every candidate.
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
        if alpha < 0 or ridge <= 0:
            raise ConfigError(f"linucb needs alpha >= 0 and ridge > 0; got {alpha} and {ridge}")
        self.alpha, self.ridge = float(alpha), float(ridge)
        self._arms = ArmIndex()
        self._d = 0
        self._inverse = np.empty((0, 0))  # [k * d, d]
        self._theta = np.empty((0, 0))  # [k, d]

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        x = context.features
        k = len(self._arms)
        if k == 0:
            return self._prior(len(context.candidates), x)
        self._check_width(x)
        v = self._inverse.dot(x).reshape(k, self._d)
        scores: Floats = v.dot(x)
        np.sqrt(scores, out=scores)
        scores *= self.alpha
        scores += self._theta.dot(x)
        rows = self._arms.rows(context.candidates)
        if rows is None:
            return scores
        picked: Floats = scores[rows]
        unseen = rows < 0
        if unseen.any():
            picked[unseen] = self._prior(1, x)[0]
        return picked

    def _prior(self, k: int, x: Floats) -> Floats:
        """The score of an arm that was never pulled: A = ridge * I, θ = 0."""
        return np.full(k, self.alpha * np.sqrt(x.dot(x) / self.ridge))

    def _learn(self, context: Context, decision: Decision, reward: float) -> None:
        x = context.features
        row = self._arms.row(decision.arm)
        if row is None:
            row = self._grow(decision.arm, len(x))
        self._check_width(x)
        d = self._d
        inverse = self._inverse[row * d : (row + 1) * d]
        v = inverse.dot(x)
        v_scaled = v / (1.0 + v.dot(x))
        inverse -= v_scaled[:, None] * v
        theta = self._theta[row]
        # θ moves along the updated inverse times x, which is v_scaled, by the prediction error.
        theta += v_scaled * (reward - theta.dot(x))

    def _grow(self, arm: str, d: int) -> int:
        if not self._d:
            self._d = d
            self._inverse = np.empty((0, d))
            self._theta = np.empty((0, d))
        row = self._arms.add(arm)
        self._inverse = np.vstack([self._inverse, np.eye(self._d) / self.ridge])
        self._theta = np.vstack([self._theta, np.zeros(self._d)])
        return row

    def _check_width(self, x: Floats) -> None:
        if len(x) != self._d:
            raise FeatureError(
                f"policy {self.name!r} learned on {self._d} features and is given {len(x)}; "
                "use the feature builder that it was trained with"
            )

    def _state(self) -> State:
        return {"arms": list(self._arms.names), "inverse": self._inverse, "theta": self._theta}

    def _restore(self, state: State) -> None:
        self._arms = ArmIndex(tuple(state["arms"]))
        self._inverse, self._theta = state["inverse"], state["theta"]
        self._d = self._theta.shape[1]
