"""Maps from what a router predicts to the mean score that such answers really had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from gairp.errors import PolicyError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Method = Literal["none", "isotonic", "platt"]


def calibration_rows(
    observed: Bools, holdout: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to fit on and rows held out, both ascending.

    Raises PolicyError where an arm would have no observed row on either side.
    """
    order = rng.permutation(len(observed))
    held = max(1, round(holdout * len(observed)))
    parts = np.sort(order[held:]), np.sort(order[:held])
    if not all(len(rows) and observed[rows].any(axis=0).all() for rows in parts):
        raise PolicyError(
            f"{len(observed)} training rows are too few to hold {holdout:g} of them out for "
            "calibration: an arm would be without any; give more rows, or set calibration to none"
        )
    return parts


@dataclass(frozen=True, slots=True)
class Calibration:
    """One map an arm, non-decreasing.

    `isotonic`: the least-squares non-decreasing fit (Zadrozny & Elkan 2002), linear between its
    steps and flat outside. `platt`: sigma(a z + b) (Platt 1999), with his smoothed targets.
    """

    method: Method
    maps: Sequence[tuple[Floats, Floats]]  #: by arm: knots and heights, or ([a], [b])

    @classmethod
    def fit(cls, method: Method, predicted: Floats, score: Floats, observed: Bools) -> Self:
        """Fit each arm on its observed rows; predicted, score, observed: [n, arms]."""
        one = _isotonic if method == "isotonic" else _platt
        columns = range(predicted.shape[1])
        rows = [observed[:, arm] for arm in columns]
        return cls(
            method, [one(predicted[rows[arm], arm], score[rows[arm], arm]) for arm in columns]
        )

    def apply(self, values: Floats) -> Floats:
        """Calibrated predictions; values [..., arms]."""
        result = np.empty_like(values)
        for arm, (first, second) in enumerate(self.maps):
            z = values[..., arm]
            if self.method == "isotonic":
                result[..., arm] = np.interp(z, first, second)
            else:
                result[..., arm] = expit(first[0] * z + second[0])
        return result

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        return {"method": self.method, "maps": [list(pair) for pair in self.maps]}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """Take up a saved state."""
        return cls(state["method"], [(first, second) for first, second in state["maps"]])


def _isotonic(z: Floats, y: Floats) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(z, y)
    return (
        np.asarray(fitted.X_thresholds_, dtype=np.float64),
        np.asarray(fitted.y_thresholds_, dtype=np.float64),
    )


def _platt(z: Floats, y: Floats) -> tuple[Floats, Floats]:
    # Targets a little inside (0, 1), as Platt has them: without it a separable set has no optimum.
    right, wrong = y.sum(), (1.0 - y).sum()
    target = y * (right + 1) / (right + 2) + (1 - y) / (wrong + 2)
    spread = float(z.std()) or 1.0
    centre = float(z.mean())
    u = (z - centre) / spread

    def loss(v: Floats) -> tuple[float, Floats]:
        m = v[0] * u + v[1]
        error = expit(m) - target
        value = -(target * log_expit(m) + (1 - target) * log_expit(-m)).sum()
        return float(value), np.array([error @ u, error.sum()])

    mean = target.mean()
    start = np.array([1.0, np.log(mean / (1 - mean))])
    # A map that falls would say that the router is wrong on purpose: the slope stays above 0.
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
    a = found.x[0] / spread
    return np.array([a]), np.array([found.x[1] - a * centre])
