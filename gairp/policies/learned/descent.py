"""Minimising over several arrays at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Loss = Callable[[list[Floats]], tuple[float, list[Floats]]]


def minimised(loss: Loss, start: Sequence[Floats], *, iterations: int) -> list[Floats]:
    """Arrays of least loss near `start`, by L-BFGS; `loss` gives its value and its gradients.

    Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound constrained optimization".
    """
    shapes = [array.shape for array in start]
    ends = np.cumsum([array.size for array in start])[:-1]

    def split(flat: Floats) -> list[Floats]:
        parts = np.split(flat, ends)
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def flat_loss(flat: Floats) -> tuple[float, Floats]:
        value, gradients = loss(split(flat))
        return value, np.concatenate([gradient.ravel() for gradient in gradients])

    flat = np.concatenate([array.ravel() for array in start])
    found = minimize(flat_loss, flat, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    return split(np.asarray(found.x, dtype=np.float64))
