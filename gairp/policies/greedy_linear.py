"""One ridge regression an arm, fitted on the training rows, and the best prediction taken."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter, Predicted
from gairp.policies.ridge import fit_ridge
from gairp.rewards import Utility


class GreedyLinear(LearnedRouter):
    """Prediction = θ_a·x + b_a, with θ_a by ridge regression over the rows that observed arm a.

    Hoerl & Kennard (1970), "Ridge regression".

    predict: `utility` regresses the utility itself. `quality` regresses the score and takes cost
        off by the context's expected cost and latency by the arm's mean on the training rows, so
        that prices and the utility's weights may change without another fit.
    ridge: the penalty on |θ|² (the squared errors are summed, not averaged), or `gcv`: for each
        arm the one of least generalised cross-validation error on the training rows (Golub,
        Heath, Wahba 1979). The intercept bears no penalty.
    """

    def __init__(
        self,
        *,
        predict: Predicted = "utility",
        ridge: float | Literal["gcv"] = "gcv",
        fit_intercept: bool = True,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            predict=predict, calibration=calibration, holdout=holdout, utility=utility, name=name
        )
        if ridge != "gcv" and not (isinstance(ridge, int | float) and 0 < ridge < np.inf):
            raise ConfigError(f"greedy_linear.ridge is {ridge!r}; give a number above 0, or gcv")
        self.ridge: float | Literal["gcv"] = ridge
        self.fit_intercept = bool(fit_intercept)
        self._theta = np.empty((0, 0))  # [arms, d]
        self._intercept = np.empty(0)  # [arms]
        self._penalty = np.empty(0)  # [arms]

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        self._theta, self._intercept, self._penalty = fit_ridge(
            x,
            y,
            observed,
            penalty=None if self.ridge == "gcv" else float(self.ridge),
            intercept=self.fit_intercept,
        )

    @property
    def penalties(self) -> dict[str, float]:
        """The ridge penalty used for each arm."""
        return dict(zip(self.arms, self._penalty.tolist(), strict=True))

    def _predict(self, x: Floats) -> Floats:
        return np.asarray(x @ self._theta.T + self._intercept)

    def _predict_one(self, x: Floats) -> Floats:
        values = self._theta.dot(x)
        values += self._intercept
        return np.asarray(values)

    def _model(self) -> dict[str, Any]:
        return {"theta": self._theta, "intercept": self._intercept, "penalty": self._penalty}

    def _take_up(self, model: State) -> None:
        self._theta, self._intercept = model["theta"], model["intercept"]
        self._penalty = model["penalty"]
