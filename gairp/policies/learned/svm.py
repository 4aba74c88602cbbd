"""One linear support vector machine an arm."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.per_arm import PerArmLinear
from gairp.policies.learned.router import Bools
from gairp.rewards import Utility


class SVM(PerArmLinear):
    """Quality = (1 + m) / 2, with m the margin θ_a·x + b_a of a squared hinge, cut to [-1, 1].

    Cortes & Vapnik (1995), "Support-vector networks". The squared hinge is least in expectation
    where m = 2p - 1 (Zhang 2004, "Statistical behavior and consistency of classification methods
    based on convex risk minimization"), so its margin says a probability; the plain hinge's says
    only on which side of a half it lies.

    c: weight of the training errors against |θ|².
    """

    def __init__(
        self,
        *,
        c: float = 0.01,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if not 0 < c < np.inf:
            raise ConfigError(f"svm.c is {c}; give a number above 0")
        self.c = float(c)

    def _fit_arm(self, x: Floats, label: Bools, weight: Floats, seed: int) -> tuple[Floats, float]:
        from sklearn.svm import LinearSVC

        # The solver penalises the intercept with the rest: a large constant makes that nothing.
        machine = LinearSVC(C=self.c, dual=False, intercept_scaling=10.0, random_state=seed)
        fitted = machine.fit(x, label, sample_weight=weight)
        return fitted.coef_[0], float(fitted.intercept_[0])

    def _link(self, margin: Floats) -> Floats:
        return np.asarray((1.0 + np.clip(margin, -1.0, 1.0)) / 2.0)

    def _constant(self, mean: float) -> float:
        return 2.0 * mean - 1.0
