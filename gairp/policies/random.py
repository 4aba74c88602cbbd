"""Uniformly at random: the logger of choice, and the floor for every learner."""

from __future__ import annotations

import numpy as np

from gairp.policies.base import BasePolicy, Floats
from gairp.rng import DecisionRng
from gairp.types import Context


class Random(BasePolicy):
    """Every candidate with the same probability."""

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        k = len(context.candidates)
        return np.full(k, 1.0 / k), None
