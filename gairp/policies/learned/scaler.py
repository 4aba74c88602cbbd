"""Features about zero, of about unit size, with their proportions kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scaler:
    """x -> (x - mean) / scale, with one scale for all features.

    One for each would make the noisy last axes of an embedding as loud as the first.
    """

    mean: Floats  #: [d]
    scale: float

    @classmethod
    def fit(cls, x: Floats) -> Self:
        """The mean of x [n, d], and the root of the mean variance."""
        return cls(x.mean(axis=0), float(np.sqrt(x.var(axis=0).mean())) or 1.0)

    def __call__(self, x: Floats) -> Floats:
        """Scaled features; x [..., d]."""
        return np.asarray((x - self.mean) / self.scale)

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        return {"mean": self.mean, "scale": self.scale}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """Take up a saved state."""
        return cls(state["mean"], float(state["scale"]))
