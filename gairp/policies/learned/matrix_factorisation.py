"""Matrix factorisation: a bilinear strength of model and prompt, trained on preferences."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit, log_expit

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.descent import minimised
from gairp.policies.learned.pairs import Pairs, borda
from gairp.policies.learned.per_arm import check_scores
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.scaler import Scaler
from gairp.policies.training import observed_means
from gairp.rewards import Utility


class MatrixFactorisation(LearnedRouter):
    """P(arm a beats arm b on x) = sigma(δ_a(x) - δ_b(x)), with δ_a(x) = v_a·(W x) + c_a.

    Ong et al. (2024), "RouteLLM", section 4: their w·(v ⊙ (W x + b)), with w taken into v and b
    into c. The preferences are made from scores, a tie being half a win, and the strengths are
    turned back into quality (`borda`), of which the mean over the arms is that of train.

    dim: of the model and prompt embeddings.
    ridge: penalty on the squares of v and W, over the number of rows.
    iterations: of L-BFGS, at most.
    """

    def __init__(
        self,
        *,
        dim: int = 8,
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
                "matrix_factorisation needs dim and iterations of at least 1 and ridge >= 0; got "
                f"{dim}, {iterations} and {ridge}"
            )
        self.dim, self.ridge, self.iterations = int(dim), float(ridge), int(iterations)
        self._scaler = Scaler(np.empty(0), 1.0)
        self._strength = np.empty((0, 0))  # [d, arms], W'v
        self._offset = np.empty(0)  # [arms]
        self._level = 0.0  # mean quality of all arms on train

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        check_scores(y)
        self._scaler = Scaler.fit(x)
        z, d, k = self._scaler(x), x.shape[1], y.shape[1]
        pairs = Pairs.of(np.where(observed, y, 0.0), observed)
        means = observed_means(y, observed)
        self._level = float(means.mean())
        models = rng.normal(scale=0.1, size=(self.dim, k))
        prompts = rng.normal(scale=1.0 / np.sqrt(d), size=(d, self.dim))
        models, prompts, self._offset = minimised(
            lambda parts: self._loss(z, pairs, *parts),
            [models, prompts, np.zeros(k)],
            iterations=self.iterations,
        )
        self._strength = prompts @ models

    def _loss(
        self, z: Floats, pairs: Pairs, models: Floats, prompts: Floats, offset: Floats
    ) -> tuple[float, list[Floats]]:
        """Mean cross-entropy over known pairs, with its gradients."""
        embedded = z @ prompts  # [n, dim]
        strength = embedded @ models + offset  # [n, arms]
        lead = strength[:, pairs.first] - strength[:, pairs.second]
        count, n = max(int(pairs.known.sum()), 1), len(z)
        entropy = np.where(pairs.known, (1.0 - pairs.win) * lead - log_expit(lead), 0.0)
        error = np.where(pairs.known, expit(lead) - pairs.win, 0.0) / count
        pull = error @ pairs.signs(models.shape[1])  # [n, arms]
        penalty = self.ridge / n
        value = entropy.sum() / count + penalty * ((models**2).sum() + (prompts**2).sum())
        return float(value), [
            embedded.T @ pull + 2.0 * penalty * models,
            z.T @ (pull @ models.T) + 2.0 * penalty * prompts,
            pull.sum(axis=0),
        ]

    def _predict(self, x: Floats) -> Floats:
        return self._level + borda(self._scaler(x) @ self._strength + self._offset)

    def _predict_one(self, x: Floats) -> Floats:
        return self._predict(x)

    def _model(self) -> dict[str, Any]:
        return {
            "scaler": self._scaler.state(),
            "strength": self._strength,
            "offset": self._offset,
            "level": self._level,
        }

    def _take_up(self, model: State) -> None:
        self._scaler = Scaler.restored(model["scaler"])
        self._strength, self._offset = model["strength"], model["offset"]
        self._level = float(model["level"])
