"""One ridge regression an arm, fitted on the training rows, and the best prediction taken."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gairp.errors import ConfigError, FeatureError, NotFittedError, PriceError
from gairp.policies.arms import ArmIndex
from gairp.policies.base import Floats, GreedyPolicy, State
from gairp.policies.ridge import fit_ridge
from gairp.policies.training import (
    check_features,
    check_rows,
    observed_means,
    of_candidates,
    train_utility,
)
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context, TrainingSet


class GreedyLinear(GreedyPolicy):
    """Score = θ_a·x + b_a, with θ_a by ridge regression over the rows where arm a was observed.

    predict: `utility` regresses the utility itself. `quality` regresses the score and takes cost
        off by the context's expected cost and latency by the arm's mean on the training rows, so
        that prices and the utility's weights may change without another fit.
    ridge: the penalty on |θ|² (the squared errors are summed, not averaged), or `gcv`: for each
        arm the one of least generalised cross-validation error on the training rows (Golub,
        Heath, Wahba 1979). The intercept bears no penalty.

    An arm that the training rows do not hold is taken only where they hold no candidate at all;
    then the cheapest is. Raises NotFittedError before `fit`.
    """

    reads_features = True

    def __init__(
        self,
        *,
        predict: Literal["utility", "quality"] = "utility",
        ridge: float | Literal["gcv"] = "gcv",
        fit_intercept: bool = True,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        if predict not in ("utility", "quality"):
            raise ConfigError(f"greedy_linear.predict is {predict!r}; there are: utility, quality")
        if ridge != "gcv" and not (isinstance(ridge, int | float) and 0 < ridge < np.inf):
            raise ConfigError(f"greedy_linear.ridge is {ridge!r}; give a number above 0, or gcv")
        self.predict: Literal["utility", "quality"] = predict
        self.ridge: float | Literal["gcv"] = ridge
        self.fit_intercept = bool(fit_intercept)
        self._arms = ArmIndex()
        self._theta = np.empty((0, 0))  # [arms, d]
        self._intercept = np.empty(0)  # [arms]
        self._penalty = np.empty(0)  # [arms]
        self._latency = np.empty(0)  # [arms], seconds

    def fit(self, train: TrainingSet, rng: np.random.Generator) -> None:
        """Solve the normal equations of every arm; `rng` is not used.

        Raises FeatureError for features that are not finite, and what `train_utility` raises.
        """
        check_features(train.features)
        if self.predict == "utility":
            target = train_utility(self.utility, train)
        else:
            target = train_utility(Utility(), train)
        check_rows(train)
        seen = np.flatnonzero(train.observed.any(axis=0))
        self._arms = ArmIndex(tuple(train.arms[i] for i in seen))
        observed = train.observed[:, seen]
        self._theta, self._intercept, self._penalty = fit_ridge(
            train.features,
            target[:, seen],
            observed,
            penalty=None if self.ridge == "gcv" else float(self.ridge),
            intercept=self.fit_intercept,
        )
        self._latency = observed_means(train.latency_s[:, seen], observed)

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms that the training rows hold, in the order of `estimates`."""
        return self._arms.names

    @property
    def penalties(self) -> dict[str, float]:
        """The ridge penalty used for each arm."""
        return dict(zip(self._arms.names, self._penalty.tolist(), strict=True))

    def estimates(self, features: Floats) -> Floats:
        """Predictions [n, arms] of many prompts, features [n, d]: of what `predict` says."""
        return np.asarray(features @ self._theta.T + self._intercept)

    def _scores(self, context: Context, rng: DecisionRng) -> Floats:
        x = context.features
        if not len(self._arms):
            raise NotFittedError(f"policy {self.name!r} must be fitted on train rows first")
        if len(x) != self._theta.shape[1]:
            raise FeatureError(
                f"policy {self.name!r} was fitted on {self._theta.shape[1]} features and is given "
                f"{len(x)}; use the feature builder that it was trained with"
            )
        values = self._theta.dot(x)
        values += self._intercept
        scores = of_candidates(values, self._arms, context.candidates)
        return scores if self.predict == "utility" else self._utilities(scores, context)

    def _utilities(self, quality: Floats, context: Context) -> Floats:
        known = quality > -np.inf
        cost = context.expected_cost
        if self.utility.needs_cost and not np.isfinite(cost[known]).all():
            raise PriceError(
                f"request {context.request_id}: a candidate has no expected cost: "
                f"{dict(zip(context.candidates, cost.tolist(), strict=True))}; price every arm"
            )
        latency = of_candidates(self._latency, self._arms, context.candidates)
        value = self.utility.of_arrays(np.where(known, quality, 0.0), cost, latency)
        return np.where(known, value, -np.inf)

    def _state(self) -> State:
        return {
            "arms": list(self._arms.names),
            "theta": self._theta,
            "intercept": self._intercept,
            "penalty": self._penalty,
            "latency": self._latency,
        }

    def _restore(self, state: State) -> None:
        self._arms = ArmIndex(tuple(state["arms"]))
        self._theta, self._intercept = state["theta"], state["intercept"]
        self._penalty, self._latency = state["penalty"], state["latency"]
