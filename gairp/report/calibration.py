"""Whether what learned routers predicted was borne out, before and after calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.metrics.bootstrap import TwoWayBootstrap
from gairp.metrics.calibration import Reliability
from gairp.metrics.interval import Estimate
from gairp.report.compared import Compared
from gairp.report.study import Floats, Run, Singles

BINS = 10
AS_USED, BEFORE = "as used", "before calibration"
_STAGES = ((AS_USED, "predicted"), (BEFORE, "uncalibrated"))


@dataclass(frozen=True, slots=True)
class Borne:
    """Predictions over a set of (request, arm) pairs against the qualities that were recorded."""

    brier: Estimate
    error: float  #: expected calibration error; a resampled one is larger, so it has no interval
    curve: Reliability  #: over all seeds


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One policy's predictions at one stage."""

    policy: str
    stage: str
    every: Borne  #: of every arm
    chosen: Borne  #: of the arm that was taken: a maximum, so that its error is the larger


def calibrations(
    compared: Compared, bootstrap: Callable[[int], TwoWayBootstrap]
) -> tuple[Calibrated, ...]:
    """Every policy all of whose runs keep predictions, at each stage; in the summary's order."""
    return tuple(
        found for name in compared.policies for found in _stages(compared, name, bootstrap)
    )


def _stages(
    compared: Compared, name: str, bootstrap: Callable[[int], TwoWayBootstrap]
) -> Iterator[Calibrated]:
    runs = compared.runs[name]
    for stage, key in _STAGES:
        values = [getattr(run, key) for run in runs]
        if any(value is None for value in values):
            continue
        draws = bootstrap(len(runs))
        every, chosen = (
            _borne(_sums(compared, runs, values, only_chosen=only), draws) for only in (False, True)
        )
        yield Calibrated(name, stage, every, chosen)


def _sums(
    compared: Compared, runs: Sequence[Run], values: Sequence[Singles], *, only_chosen: bool
) -> Floats:
    """[1 + 3 · bins, S, n]: a prompt's sum of squared errors; and in each bin its number of
    predictions, their sum and that of the outcomes."""
    tables = [_sums_of(compared, run, v, only_chosen) for run, v in zip(runs, values, strict=True)]
    return np.stack(tables, axis=1)


def _sums_of(compared: Compared, run: Run, predicted: Singles, only_chosen: bool) -> Floats:
    n, k = compared.pool.quality.shape
    known = ~np.isnan(predicted)
    if only_chosen:
        known &= run.arms[:, None] == np.arange(k)
    request, arm = np.nonzero(known)
    p = predicted[request, arm].astype(np.float64)
    prompt: NDArray[np.int64] = run.rows[request]
    y = compared.pool.quality[prompt, arm]
    # The edges of metrics.calibration.reliability, so that both put a prediction in one bin.
    at = np.clip(np.searchsorted(_edges(), p, side="right") - 1, 0, BINS - 1)
    binned = [np.bincount(prompt * BINS + at, w, n * BINS).reshape(n, BINS).T for w in (None, p, y)]
    squared = np.bincount(prompt, (p - y) ** 2, n)
    return np.concatenate([squared[None], *binned])


def _borne(sums: Floats, draws: TwoWayBootstrap) -> Borne:
    means = draws.means(sums)
    counts, predicted, observed = _binned(means.point)
    total = np.where(counts > 0, counts, np.nan)
    pairs = sums[0].size
    return Borne(
        brier=Estimate.from_draws(float(_brier(means.point)), _brier(means.draws)),
        error=float(np.abs(predicted - observed).sum() / counts.sum()),
        curve=Reliability(_edges(), predicted / total, observed / total, counts * pairs),
    )


def _brier(means: Floats) -> Floats:
    """[...], of means [..., 1 + 3 · bins]."""
    return np.asarray(means[..., 0] / _binned(means)[0].sum(axis=-1))


def _binned(means: Floats) -> tuple[Floats, Floats, Floats]:
    parts = means[..., 1:].reshape(*means.shape[:-1], 3, BINS)
    return parts[..., 0, :], parts[..., 1, :], parts[..., 2, :]


def _edges() -> Floats:
    return np.linspace(0.0, 1.0, BINS + 1)
