"""Item-response theory: prompts have difficulty and discrimination, models have abilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, log_expit

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.descent import minimised
from gairp.policies.learned.per_arm import check_scores, safe_logit
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.scaler import Scaler
from gairp.policies.training import observed_means
from gairp.rewards import Utility


class IRT(LearnedRouter):
    """Quality = sigma(a(x)·θ_m + e_m - b(x)): the multidimensional two-parameter model.

    Reckase (2009), "Multidimensional item response theory"; as a router, Song et al. (2025),
    "IRT-Router". Discrimination a(x) = sigma(A x + a0) lies in (0, 1), difficulty b(x) = w·x is
    linear; θ_m are a model's abilities and e_m its ease with any prompt. A score between 0 and 1
    counts as that share of a success.

    dim: abilities of a model.
    ridge: penalty on the squares of θ, A and w, over the number of rows.
    iterations: of L-BFGS, at most.
    """

    def __init__(
        self,
        *,
        dim: int = 4,
        ridge: float = 1.0,
        iterations: int = 60,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if dim < 1 or iterations < 1 or not 0 <= ridge < np.inf:
            raise ConfigError(
                "irt needs dim and iterations of at least 1 and ridge >= 0; got "
                f"{dim}, {iterations} and {ridge}"
            )
        self.dim, self.ridge, self.iterations = int(dim), float(ridge), int(iterations)
        self._scaler = Scaler(np.empty(0), 1.0)
        self._ability, self._ease = np.empty((0, 0)), np.empty(0)  # [dim, arms], [arms]
        self._slope, self._start = np.empty((0, 0)), np.empty(0)  # A [d, dim], a0 [dim]
        self._difficulty = np.empty(0)  # w [d]

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        check_scores(y)
        self._scaler = Scaler.fit(x)
        z, d, k = self._scaler(x), x.shape[1], y.shape[1]
        score = np.where(observed, y, 0.0)
        start = [
            rng.normal(scale=0.5, size=(self.dim, k)),
            safe_logit(observed_means(y, observed)),
            rng.normal(scale=0.5 / np.sqrt(d), size=(d, self.dim)),
            np.zeros(self.dim),
            np.zeros(d),
        ]
        self._ability, self._ease, self._slope, self._start, self._difficulty = minimised(
            lambda parts: self._loss(z, score, observed, *parts), start, iterations=self.iterations
        )

    def _loss(
        self,
        z: Floats,
        score: Floats,
        observed: Bools,
        ability: Floats,
        ease: Floats,
        slope: Floats,
        start: Floats,
        difficulty: Floats,
    ) -> tuple[float, list[Floats]]:
        """Mean cross-entropy over observed cells, with its gradients."""
        n, count = len(z), int(observed.sum())
        a = expit(z @ slope + start)  # [n, dim]
        margin = a @ ability + ease - (z @ difficulty)[:, None]
        entropy = np.where(observed, (1.0 - score) * margin - log_expit(margin), 0.0)
        error = np.where(observed, expit(margin) - score, 0.0) / count  # [n, arms]
        inner = (error @ ability.T) * a * (1.0 - a)  # [n, dim]
        penalty = self.ridge / n
        squares = sum(float((part**2).sum()) for part in (ability, slope, difficulty))
        return float(entropy.sum() / count + penalty * squares), [
            a.T @ error + 2.0 * penalty * ability,
            error.sum(axis=0),
            z.T @ inner + 2.0 * penalty * slope,
            inner.sum(axis=0),
            -z.T @ error.sum(axis=1) + 2.0 * penalty * difficulty,
        ]

    def _predict(self, x: Floats) -> Floats:
        z = self._scaler(x)
        a = expit(z @ self._slope + self._start)
        margin = a @ self._ability + self._ease - (z @ self._difficulty)[..., None]
        return np.asarray(expit(margin))

    def _predict_one(self, x: Floats) -> Floats:
        return self._predict(x)

    def _model(self) -> dict[str, Any]:
        return {
            "scaler": self._scaler.state(),
            "ability": self._ability,
            "ease": self._ease,
            "slope": self._slope,
            "start": self._start,
            "difficulty": self._difficulty,
        }

    def _take_up(self, model: State) -> None:
        self._scaler = Scaler.restored(model["scaler"])
        self._ability, self._ease = model["ability"], model["ease"]
        self._slope, self._start = model["slope"], model["start"]
        self._difficulty = model["difficulty"]
