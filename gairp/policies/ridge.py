"""Ridge regressions of many targets that need not have been observed on the same rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Penalties that are tried, as multiples of the mean eigenvalue of x'x.
_GRID = np.logspace(-6.0, 3.0, 37)


def fit_ridge(
    features: Floats,
    targets: Floats,
    observed: NDArray[np.bool_],
    *,
    penalty: float | None,
    intercept: bool,
) -> tuple[Floats, Floats, Floats]:
    """θ [k, d], intercepts [k] and penalties [k] of features [n, d] and targets [n, k].

    Minimises Σ (y - b - θ·x)² + penalty |θ|² over a target's observed rows, of which there must be
    one at least; where `penalty` is None, generalised cross-validation chooses it for each target.
    Targets observed on the same rows share one eigendecomposition of x'x.
    """
    k, d = targets.shape[1], features.shape[1]
    theta, bias, used = np.zeros((k, d)), np.zeros(k), np.zeros(k)
    patterns: dict[bytes, list[int]] = {}
    for column in range(k):
        patterns.setdefault(observed[:, column].tobytes(), []).append(column)
    for columns in patterns.values():
        rows = observed[:, columns[0]]
        solved = _solve(features[rows], targets[rows][:, columns], penalty, intercept)
        theta[columns], bias[columns], used[columns] = solved
    return theta, bias, used


def _solve(
    x: Floats, y: Floats, penalty: float | None, intercept: bool
) -> tuple[Floats, Floats, Floats]:
    x_mean = x.mean(axis=0) if intercept else np.zeros(x.shape[1])
    y_mean = y.mean(axis=0) if intercept else np.zeros(y.shape[1])
    x, y = x - x_mean, y - y_mean
    eigenvalues, basis = np.linalg.eigh(x.T @ x)
    s = np.maximum(eigenvalues, 0.0)
    b = basis.T @ (x.T @ y)  # [d, m]
    if penalty is None:
        chosen = _generalised_cross_validation(s, b, y, int(intercept))
    else:
        chosen = np.full(y.shape[1], penalty)
    theta = (basis @ (b / (s[:, None] + chosen))).T
    return theta, y_mean - theta @ x_mean, chosen


def _generalised_cross_validation(s: Floats, b: Floats, y: Floats, offset: int) -> Floats:
    """The penalty of least n RSS / (n - df)² for each target [m], the largest at a tie.

    With s the eigenvalues of x'x and b = V'x'y: RSS = |y|² - Σ b² (s + 2p) / (s + p)², and
    df = Σ s / (s + p), one more with an intercept (`offset`).
    """
    grid = (s.mean() or 1.0) * _GRID[::-1]
    n = len(y)
    total = (y * y).sum(axis=0)
    errors = np.empty((len(grid), y.shape[1]))
    for row, p in enumerate(grid):
        explained = ((s + 2.0 * p) / (s + p) ** 2) @ (b * b)
        freedom = n - offset - (s / (s + p)).sum()
        spare = np.maximum(total - explained, 0.0)
        errors[row] = n * spare / freedom**2 if freedom > 0 else np.inf
    return np.asarray(grid[errors.argmin(axis=0)])
