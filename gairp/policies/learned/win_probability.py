"""Two models: how likely is the strong one to do better, and is that worth its price?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from gairp.errors import ConfigError, PolicyError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.logistic import Logistic
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.training import observed_means
from gairp.rewards import Utility
from gairp.types import Context, TrainingSet


class WinProbability(LearnedRouter):
    """The strong model where p(x), the chance that it wins, reaches a threshold; else the weak one.

    Ong et al. (2024), "RouteLLM", section 3, with p by logistic regression, and a tie half a win
    (theirs goes to the weak model): 2p - 1 is then the expected gain in quality. Other candidates
    are never taken while one of the two is there.

    weak, strong: the two arms; null takes the cheapest on train, and of the others the best.
    threshold: of p; null leaves it to the utility: where 2p - 1 is worth the difference in cost.
    c: inverse of the penalty of the regression.
    """

    def __init__(
        self,
        *,
        weak: str | None = None,
        strong: str | None = None,
        threshold: float | None = None,
        c: float = 0.1,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if threshold is not None and not 0 <= threshold <= 1:
            raise ConfigError(f"win_probability.threshold is {threshold}; give one in [0, 1]")
        if weak is not None and weak == strong:
            raise ConfigError(f"win_probability.weak and .strong are both {weak!r}; name two arms")
        if not 0 < c < np.inf:
            raise ConfigError(f"win_probability.c is {c}; give a number above 0")
        self.weak, self.strong, self.threshold, self.c = weak, strong, threshold, float(c)
        self._theta, self._bias = np.empty(0), 0.0  # [d]
        self._base = 0.0  # mean quality of the weak arm on train

    def _chosen_arms(self, train: TrainingSet) -> NDArray[np.int64]:
        seen = super()._chosen_arms(train)
        if len(seen) < 2:
            raise PolicyError(
                f"policy {self.name!r} weighs two arms and the training rows hold {len(seen)}"
            )
        weak = self._named(train, seen, self.weak)
        strong = self._named(train, seen, self.strong)
        cost = observed_means(train.cost_usd, train.observed)
        score = observed_means(train.score, train.observed)
        # Where no cost is known the worst stands in for the cheapest.
        dearness = np.where(np.isnan(cost), score, cost)
        if weak is None:
            weak = min((i for i in seen if i != strong), key=lambda i: dearness[i])
        if strong is None:
            strong = max((i for i in seen if i != weak), key=lambda i: score[i])
        return np.array([weak, strong])

    def _named(
        self, train: TrainingSet, seen: NDArray[np.int64], arm: str | None
    ) -> np.int64 | None:
        if arm is None:
            return None
        found = [i for i in seen if train.arms[i] == arm]
        if not found:
            there = ", ".join(train.arms[i] for i in seen)
            raise PolicyError(
                f"policy {self.name!r}: arm {arm!r} has no training row; there are: {there}"
            )
        return np.int64(found[0])

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        both = np.flatnonzero(observed.all(axis=1))
        if not len(both):
            raise PolicyError(f"policy {self.name!r}: no training row observed both arms")
        win = (1.0 + y[both, 1:] - y[both, :1]) / 2.0
        inner = Logistic(c=self.c)
        inner._fit(x[both], win, np.ones_like(win, dtype=np.bool_), rng)
        self._theta, self._bias = inner._theta[0], float(inner._intercept[0])
        self._base = float(observed_means(y[:, :1], observed[:, :1])[0])

    def win_rate(self, features: Floats) -> Floats:
        """p [n] of many prompts, features [n, d]: a tie counts as half a win."""
        self._check_ready(features.shape[1])
        return np.asarray(expit(features @ self._theta + self._bias))

    def _predict(self, x: Floats) -> Floats:
        gain = 2.0 * expit(x @ self._theta + self._bias) - 1.0
        return np.stack([np.full_like(gain, self._base), self._base + gain], axis=-1)

    def _predict_one(self, x: Floats) -> Floats:
        gain = 2.0 * float(expit(self._theta.dot(x) + self._bias)) - 1.0
        return np.array([self._base, self._base + gain])

    def _utilities(self, quality: Floats, context: Context) -> Floats:
        known = quality > -np.inf
        if self.threshold is None or known.sum() < 2:
            return super()._utilities(quality, context)
        weak, strong = (context.candidates.index(arm) for arm in self.arms)
        scores = np.full(len(quality), -np.inf)
        scores[weak] = self.threshold
        scores[strong] = (1.0 + quality[strong] - quality[weak]) / 2.0
        return scores

    def _model(self) -> dict[str, Any]:
        return {"theta": self._theta, "bias": self._bias, "base": self._base}

    def _take_up(self, model: State) -> None:
        self._theta, self._bias = model["theta"], float(model["bias"])
        self._base = float(model["base"])
