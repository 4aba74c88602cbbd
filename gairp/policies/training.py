"""What the policies that fit on recorded outcomes share: utilities, means, and looking arms up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gairp.errors import FeatureError, PolicyError, PriceError
from gairp.policies.arms import ArmIndex
from gairp.rewards import Utility
from gairp.types import TrainingSet

Floats = NDArray[np.float64]


def train_utility(utility: Utility, train: TrainingSet) -> Floats:
    """Utility of every observed cell [n, k]; NaN where nothing was observed.

    Raises PolicyError for an empty set, PriceError where an observed cell has no cost and cost
    counts, PolicyError where it has no latency or score.
    """
    check_rows(train)
    if utility.needs_cost:
        check_costs(train)
    if utility.needs_latency:
        _check_known(train, train.latency_s, "latency", PolicyError, "turn the latency terms off")
    value = utility.of_arrays(train.score, train.cost_usd, train.latency_s)
    _check_known(train, value, "utility", PolicyError, "mend the scores of the training rows")
    return np.where(train.observed, value, np.nan)


def check_rows(train: TrainingSet) -> None:
    """Raise PolicyError for a set in which nothing was observed."""
    if not train.observed.any():
        n, k = train.observed.shape
        raise PolicyError(
            f"no outcome was observed on these {n} training rows and {k} arms; check the split "
            "and the pool of arms"
        )


def check_costs(train: TrainingSet) -> None:
    """Raise PriceError where an observed cell has no cost."""
    _check_known(train, train.cost_usd, "cost", PriceError, "price it, or turn the cost terms off")


def check_features(features: Floats) -> None:
    """Raise FeatureError where a row holds a NaN or an infinity."""
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        raise FeatureError(
            f"the features of {len(bad)} training rows hold a NaN or an infinity, the first is row "
            f"{bad[0]}; mend the feature builder"
        )


def observed_means(values: Floats, observed: NDArray[np.bool_]) -> Floats:
    """Column means over the observed cells [k]; NaN for a column without any."""
    counts = observed.sum(axis=0)
    sums = np.where(observed, values, 0.0).sum(axis=0)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def of_candidates(values: Floats, arms: ArmIndex, candidates: tuple[str, ...]) -> Floats:
    """The values [arms] in the order of the candidates [k]; -inf for one never trained on."""
    rows = arms.rows(candidates)
    if rows is None:
        return values
    picked: Floats = values[rows]
    picked[rows < 0] = -np.inf
    return picked


def _check_known(
    train: TrainingSet,
    values: Floats,
    what: str,
    error: type[PolicyError] | type[PriceError],
    remedy: str,
) -> None:
    bad = np.argwhere(train.observed & ~np.isfinite(values))
    if len(bad):
        row, arm = bad[0]
        raise error(
            f"the {what} of arm {train.arms[arm]!r} on training row {row} is {values[row, arm]} "
            f"({len(bad)} such cells); {remedy}"
        )
