"""Lower bounds on quality that hold without believing the model that predicts it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gairp.errors import PolicyError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ConformalBounds:
    """quality >= predicted - offset with probability at least 1 - alpha, an arm.

    Split conformal prediction, one-sided: Vovk, Gammerman & Shafer (2005), "Algorithmic Learning in
    a Random World"; Lei et al. (2018), "Distribution-free predictive inference for regression",
    section 2.2. The offset is the ⌈(n + 1)(1 - alpha)⌉-th smallest of predicted - score on n rows
    that the predictions were not fitted on. It holds whatever the model, for rows exchangeable with
    these, on average over them: not for each prompt.

    With `jointly` there is one offset, of the largest predicted - score of a row's arms: the bounds
    then hold for all arms of a prompt at once, and so for whichever a rule picks.
    """

    offsets: Floats  #: [arms]

    @classmethod
    def fit(
        cls, predicted: Floats, score: Floats, observed: Bools, *, alpha: float, jointly: bool
    ) -> Self:
        """predicted, score, observed: [n, arms]; rows held out. PolicyError where they are too few.

        With `jointly` a row counts where all its arms were observed.
        """
        excess = predicted - np.where(observed, score, 0.0)
        if jointly:
            one = conformal_quantile(excess[observed.all(axis=1)].max(axis=1), alpha)
            return cls(np.full(predicted.shape[1], one))
        columns = range(predicted.shape[1])
        return cls(
            np.array([conformal_quantile(excess[observed[:, a], a], alpha) for a in columns])
        )

    def lower(self, predicted: Floats) -> Floats:
        """The bounds; predicted [..., arms]."""
        return np.asarray(predicted - self.offsets)

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        return {"offsets": self.offsets}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """Take up a saved state."""
        return cls(state["offsets"])


def conformal_quantile(values: Floats, alpha: float) -> float:
    """The ⌈(n + 1)(1 - alpha)⌉-th smallest of n values: a further one is above it at most `alpha`.

    PolicyError where n is below (1 - alpha) / alpha: no value is high enough then.
    """
    n = len(values)
    rank = math.ceil((n + 1) * (1.0 - alpha) - 1e-9)  # 10 · (1 - 0.1) is a hair above 9
    if rank > n:
        least = math.ceil((1.0 - alpha) / alpha - 1e-9)
        raise PolicyError(
            f"{n} held-out rows cannot bound quality at alpha={alpha:g}, which takes {least}; give "
            "more training rows, a larger holdout, or a larger alpha"
        )
    return float(np.partition(values, rank - 1)[rank - 1])
