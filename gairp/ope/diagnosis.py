"""What a log can tell about a target policy, before anything is estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gairp.ope.arrays import Floats, Ints
from gairp.ope.logged import Logged

QUANTILES = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Weights, overlap, calibration, versions and missing rewards of one log and target."""

    rows: int
    clusters: int
    ess: float  #: (Σw)² / Σw², of the rows with a reward
    max_weight_share: float  #: of the largest weight in the sum of all
    weight_quantiles: tuple[float, ...]  #: at QUANTILES
    max_weight: float
    top_share: float  #: of the largest 1% of the weights in the sum of all
    mean_weight: float  #: 1 on average where propensities are those the arms were drawn with
    mean_weight_error: float  #: its standard error, by cluster
    never_tried: tuple[int, ...]  #: arms that the target wants and that no row chose
    unsupported: float  #: the target's mean probability on arms that the logger cannot have chosen
    stale: float  #: share of rows of another version than the last row's; NaN unknown
    missing: float  #: share of rows without a reward
    missing_by_arm: tuple[float, ...]  #: [k]; NaN for an arm that was never chosen
    worst_case: tuple[float, float]  #: SNIPS with every missing reward at its least and its most


def diagnose(log: Logged, *, versions: ArrayLike | None = None) -> Diagnosis:
    """The diagnostics of a log; `versions` [n] are labels of the logger's state or release."""
    ratio = log.density_ratio
    weights = log.complete().weights if log.observed.any() else np.zeros(1)
    total = float(weights.sum())
    ordered = np.sort(weights)[::-1]
    members = log.members
    return Diagnosis(
        rows=len(log),
        clusters=int(members.max()) + 1,
        ess=total**2 / float((weights**2).sum()) if total > 0 else 0.0,
        max_weight_share=float(ordered[0]) / total if total > 0 else 1.0,
        weight_quantiles=tuple(np.quantile(weights, QUANTILES).tolist()),
        max_weight=float(ordered[0]),
        top_share=float(ordered[: -(-len(ordered) // 100)].sum()) / total if total > 0 else 1.0,
        mean_weight=float(ratio.mean()),
        mean_weight_error=_cluster_error(ratio, members),
        never_tried=_never_tried(log),
        unsupported=_unsupported(log),
        stale=_stale(versions),
        missing=float(1.0 - log.observed.mean()),
        missing_by_arm=_missing_by_arm(log),
        worst_case=_worst_case(log),
    )


def _cluster_error(values: Floats, members: Ints) -> float:
    """Standard error of the mean of values whose clusters are independent."""
    sums = np.bincount(members, weights=values - values.mean())
    groups = len(sums)
    if groups < 2:
        return float("inf")
    return float(np.sqrt((sums**2).sum() * groups / (groups - 1)) / len(values))


def _never_tried(log: Logged) -> tuple[int, ...]:
    tried = np.bincount(log.actions, minlength=log.k) > 0
    return tuple(np.flatnonzero(~tried & (log.target.sum(axis=0) > 0)).tolist())


def _unsupported(log: Logged) -> float:
    """Of the whole probabilities where they were kept, else of arms that no row chose."""
    if log.logging is not None:
        return float(log.target[log.logging == 0.0].sum() / len(log))
    return float(log.target[:, list(_never_tried(log))].sum() / len(log))


def _stale(versions: ArrayLike | None) -> float:
    if versions is None:
        return float("nan")
    labels = np.asarray(versions)
    return float((labels != labels[-1]).mean())


def _missing_by_arm(log: Logged) -> tuple[float, ...]:
    chosen = np.bincount(log.actions, minlength=log.k).astype(np.float64)
    missing = np.bincount(log.actions, weights=~log.observed, minlength=log.k)
    with np.errstate(invalid="ignore"):
        return tuple((missing / np.where(chosen > 0, chosen, np.nan)).tolist())


def _worst_case(log: Logged) -> tuple[float, float]:
    ratio = log.density_ratio
    total = float(ratio.sum())
    if total == 0:
        return log.bounds
    low, high = (
        float((ratio * np.where(log.observed, log.rewards, bound)).sum()) / total
        for bound in log.bounds
    )
    return low, high
