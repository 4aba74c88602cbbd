"""A fixed mix of arms, whatever the request."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from gairp.errors import ConfigError, PolicyError
from gairp.policies.base import BasePolicy, Floats
from gairp.rewards import Utility
from gairp.rng import DecisionRng
from gairp.types import Context


class Mixture(BasePolicy):
    """Each arm with the probability that its weight asks for, renormalised over the candidates.

    weights: arm -> weight; an arm that is not named has none.

    Raises PolicyError where no candidate has any weight.
    """

    def __init__(
        self,
        *,
        weights: Mapping[str, float],
        utility: Utility | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(utility=utility, name=name)
        self.weights = {str(arm): float(weight) for arm, weight in weights.items()}
        for arm, weight in self.weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise ConfigError(
                    f"mixture.weights.{arm} is {weight}; give a number that is at least 0"
                )
        if not any(self.weights.values()):
            raise ConfigError(f"mixture.weights has no positive weight: {self.weights}")

    def _distribution(self, context: Context, rng: DecisionRng) -> tuple[Floats, Floats | None]:
        return mixed(self.weights, context), None


def mixed(weights: Mapping[str, float], context: Context) -> Floats:
    """Probabilities [k] in proportion to the weights; raises PolicyError where all are 0."""
    p = np.array([weights.get(arm, 0.0) for arm in context.candidates])
    total = p.sum()
    if total == 0.0:
        raise PolicyError(
            f"request {context.request_id}: no candidate ({', '.join(context.candidates)}) is in "
            f"the mix, which is {dict(weights)}"
        )
    p /= total
    return p
