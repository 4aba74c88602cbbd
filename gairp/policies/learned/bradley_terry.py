"""Similarity-weighted Bradley-Terry: the arms ranked for each prompt by the prompts like it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import expit

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.pairs import Pairs, borda
from gairp.policies.learned.per_arm import check_scores
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.training import observed_means
from gairp.rewards import Utility

_STEPS = 6  # of Newton's method; the strengths then stand to six digits


class BradleyTerry(LearnedRouter):
    """P(a beats b) = sigma(ξ_a - ξ_b), with ξ fitted for each prompt to weighted training pairs.

    Bradley & Terry (1952), "Rank analysis of incomplete block designs"; weighted by similarity,
    Ong et al. (2024), "RouteLLM", section 4: a training row of cosine similarity s counts
    gamma^s. (They divide s by the largest on train; with γ a setting that is a change of γ.)
    A tie is half a win, and strengths become quality by `borda`.

    gamma: how much more an equal prompt counts than an unrelated one.
    prior: ties added to every pair, so that an arm which always wins stays finite; in training
        rows of mean weight.
    """

    def __init__(
        self,
        *,
        gamma: float = 100.0,
        prior: float = 1.0,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if not (1 <= gamma < np.inf and 0 < prior < np.inf):
            raise ConfigError(
                f"bradley_terry needs gamma >= 1 and prior > 0; got {gamma} and {prior}"
            )
        self.gamma, self.prior = float(gamma), float(prior)
        self._rows = np.empty((0, 0))  # [n, d], each of length 1 (or 0)
        self._pairs = np.empty((0, 0))  # [n, 2p]: wins of the first arm, then pairs known
        self._level = 0.0
        self._arms_count = 0

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        check_scores(y)
        self._rows = _unit(x)
        pairs = Pairs.of(np.where(observed, y, 0.0), observed)
        self._pairs = np.ascontiguousarray(np.hstack([pairs.win, pairs.known]))
        self._level = float(observed_means(y, observed).mean())
        self._arms_count = y.shape[1]

    def _predict(self, x: Floats) -> Floats:
        result = np.empty((len(x), self._arms_count))
        for start in range(0, len(x), 256):
            block = x[start : start + 256]
            result[start : start + 256] = self._level + borda(self._strengths(_unit(block)))
        return result

    def _strengths(self, x: Floats) -> Floats:
        """ξ [b, arms] of unit rows x [b, d], by Newton's method on the weighted likelihood."""
        k = self._arms_count
        weight = x @ self._rows.T
        weight *= np.log(self.gamma)
        np.exp(weight, out=weight)
        weight /= weight.mean(axis=1, keepdims=True)
        sums = weight @ self._pairs
        p = sums.shape[1] // 2
        win, games = sums[:, :p] + self.prior / 2.0, sums[:, p:] + self.prior
        first, second = np.triu_indices(k, 1)
        signs = np.eye(k)[first] - np.eye(k)[second]  # [p, arms]
        strength = np.zeros((len(x), k))
        for _ in range(_STEPS):
            chance = expit(strength @ signs.T)
            slope = (win - games * chance) @ signs  # [b, arms]
            curve = games * chance * (1.0 - chance)  # [b, p]
            # Strengths are defined but for a constant; the ones hold their sum at zero.
            hessian = np.einsum("bp,pi,pj->bij", curve, signs, signs, optimize=True) + 1.0
            step = np.linalg.solve(hessian, slope[:, :, None])[:, :, 0]
            strength += np.clip(step, -2.0, 2.0)
        return strength

    def _model(self) -> dict[str, Any]:
        return {
            "rows": self._rows,
            "pairs": self._pairs,
            "level": self._level,
            "count": self._arms_count,
        }

    def _take_up(self, model: State) -> None:
        self._rows, self._pairs = model["rows"], model["pairs"]
        self._level, self._arms_count = float(model["level"]), int(model["count"])


def _unit(x: Floats) -> Floats:
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return np.ascontiguousarray(x / np.where(norms > 0, norms, 1.0))
