"""One logistic regression an arm."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from gairp.errors import ConfigError
from gairp.policies.base import Floats
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.per_arm import PerArmLinear, safe_logit
from gairp.policies.learned.router import Bools
from gairp.rewards import Utility


class Logistic(PerArmLinear):
    """Quality = sigma(θ_a·x + b_a), by penalised maximum likelihood.

    Cox (1958), "The regression analysis of binary sequences".

    c: inverse of the penalty on |θ|²; the larger, the closer to the training rows.
    """

    def __init__(
        self,
        *,
        c: float = 0.1,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if not 0 < c < np.inf:
            raise ConfigError(f"logistic.c is {c}; give a number above 0")
        self.c = float(c)

    def _fit_arm(self, x: Floats, label: Bools, weight: Floats, seed: int) -> tuple[Floats, float]:
        from sklearn.linear_model import LogisticRegression

        fitted = LogisticRegression(C=self.c, max_iter=200).fit(x, label, sample_weight=weight)
        return fitted.coef_[0], float(fitted.intercept_[0])

    def _link(self, margin: Floats) -> Floats:
        return np.asarray(expit(margin))

    def _constant(self, mean: float) -> float:
        return float(safe_logit(mean))
