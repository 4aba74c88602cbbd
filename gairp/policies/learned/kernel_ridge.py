"""Ridge regression on random Fourier features: a smooth function of the prompt for each arm."""

from __future__ import annotations

from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import Floats, State
from gairp.policies.learned.calibration import Method
from gairp.policies.learned.router import Bools, LearnedRouter
from gairp.policies.learned.scaler import Scaler
from gairp.policies.ridge import fit_ridge
from gairp.rewards import Utility


class KernelRidge(LearnedRouter):
    """Quality = θ_a·φ(x) + b_a, with φ(x) = √(2/m) cos(W x + u) for a Gaussian kernel.

    Rahimi & Recht (2007), "Random features for large-scale kernel machines".

    components: m, how many random features.
    kernel_width: of the kernel, in root-mean-square distances between training rows.
    """

    def __init__(
        self,
        *,
        components: int = 256,
        kernel_width: float = 1.0,
        calibration: Method = "none",
        holdout: float = 0.2,
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(calibration=calibration, holdout=holdout, utility=utility, name=name)
        if components < 1 or not 0 < kernel_width < np.inf:
            raise ConfigError(
                f"kernel_ridge needs components >= 1 and kernel_width > 0; got {components} "
                f"and {kernel_width}"
            )
        self.components, self.kernel_width = int(components), float(kernel_width)
        self._directions = np.empty((0, 0))  # [d, m]
        self._phases = np.empty(0)  # [m]
        self._theta, self._intercept = np.empty((0, 0)), np.empty(0)

    def _fit(self, x: Floats, y: Floats, observed: Bools, rng: np.random.Generator) -> None:
        scaler = Scaler.fit(x)
        # Rows of d features of unit variance are √(2d) apart at root mean square.
        bandwidth = self.kernel_width * np.sqrt(2.0 * x.shape[1]) * scaler.scale
        self._directions = rng.normal(size=(x.shape[1], self.components)) / bandwidth
        self._phases = rng.uniform(0.0, 2.0 * np.pi, self.components)
        self._theta, self._intercept, _ = fit_ridge(
            self._map(x), y, observed, penalty=None, intercept=True
        )

    def _map(self, x: Floats) -> Floats:
        return np.asarray(
            np.sqrt(2.0 / self.components) * np.cos(x @ self._directions + self._phases)
        )

    def _predict(self, x: Floats) -> Floats:
        return np.asarray(self._map(x) @ self._theta.T + self._intercept)

    def _predict_one(self, x: Floats) -> Floats:
        return np.asarray(self._theta.dot(self._map(x)) + self._intercept)

    def _model(self) -> dict[str, Any]:
        return {
            "directions": self._directions,
            "phases": self._phases,
            "theta": self._theta,
            "intercept": self._intercept,
        }

    def _take_up(self, model: State) -> None:
        self._directions, self._phases = model["directions"], model["phases"]
        self._theta, self._intercept = model["theta"], model["intercept"]
