"""What is compared: the requests that every arm and every run answered.

An outcome that was not recorded is never imputed. With a complete pool and no refusals these are
all reported prompts; otherwise they are the intersection, and `coverage` says how much each run
answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, DataError
from gairp.report.folder import in_order
from gairp.report.row import Kind
from gairp.report.study import Floats, Pool, Run, Study
from gairp.rewards import Utility

Rows = NDArray[np.int64]

#: Names of the reference points that every report has; a policy of such a name is one of them.
CHEAPEST, BEST_ON_TRAIN, ZERO_ROUTER, ORACLE = "cheapest", "best_on_train", "zero_router", "oracle"
FIXED = "fixed:"


@dataclass(frozen=True, slots=True)
class Compared:
    """A study restricted to the compared prompts; rows of runs are rows of this pool."""

    study: Study  #: as it was given
    pool: Pool
    utility: Utility
    arm_utility: Floats  #: [n, k]
    runs: Mapping[str, tuple[Run, ...]]  #: policy -> its runs by seed
    sweep: Mapping[str, tuple[Run, ...]]  #: policy -> its runs by cost weight and seed
    coverage: Mapping[str, float]  #: policy -> share of the reported prompts answered
    arm_coverage: Floats  #: [k], share of the reported prompts that were recorded

    @property
    def policies(self) -> tuple[str, ...]:
        """Comparators by name, then the primary policy, then the others by name."""
        rank: dict[Kind, int] = {"comparator": 0, "primary": 1, "policy": 2}
        return tuple(sorted(self.runs, key=lambda name: (rank[self.kind(name)], name)))

    def kind(self, policy: str) -> Kind:
        """What a policy is to this study; one with the name of a reference point is one."""
        if policy == self.study.primary:
            return "primary"
        known = (CHEAPEST, BEST_ON_TRAIN, ZERO_ROUTER, ORACLE, *self.study.comparators)
        return "comparator" if policy in known or policy.startswith(FIXED) else "policy"

    @property
    def per(self) -> float:
        """What turns a mean cost a request into the printed unit."""
        return 1000.0 if self.study.cost_unit.startswith("USD") else 1.0

    def table(self, runs: Sequence[Run], quantity: str) -> Floats:
        """[S, n], a quantity by seed and prompt; the mean where a prompt was served repeatedly."""
        n = len(self.pool.prompt_ids)
        return np.stack(
            [
                np.bincount(run.rows, getattr(run, quantity), n) / np.bincount(run.rows, None, n)
                for run in runs
            ]
        )

    def utility_of(self, run: Run) -> Floats:
        """[m], what each request of a run was worth; a refused attempt's cost is in it."""
        return self.utility.of_arrays(run.quality, run.cost_usd, run.latency_s)


def compare(study: Study) -> Compared:
    """Restrict a study to the prompts that every arm and run answered.

    Raises ConfigError for a primary policy without runs, DataError where nothing is left.
    """
    runs = _by_policy(study.runs)
    if study.primary not in runs:
        raise ConfigError(
            f"study {study.name!r}: the primary policy {study.primary!r} has no runs; "
            f"there are: {', '.join(sorted(runs)) or 'none'}"
        )
    keep = answered_by_all(study.pool, (*study.runs, *study.sweep))
    if not len(keep):
        raise DataError(
            f"study {study.name!r}: no prompt was answered by every arm and run "
            f"(of {len(study.pool.prompt_ids)} reported); leave out the arm or policy that "
            "refuses most"
        )
    pool = take(study.pool, keep)
    utility = Utility(**study.utility)
    return Compared(
        study=study,
        pool=pool,
        utility=utility,
        arm_utility=utility_of_arms(pool, utility),
        runs={name: tuple(restrict(run, keep) for run in of) for name, of in runs.items()},
        sweep={
            name: tuple(restrict(run, keep) for run in of)
            for name, of in _by_policy(study.sweep).items()
        },
        coverage={name: _mean_coverage(of, study.pool) for name, of in runs.items()},
        arm_coverage=np.asarray(1.0 - np.isnan(study.pool.quality).mean(axis=0)),
    )


def coverage(run: Run, pool: Pool) -> float:
    """Share of requests that were answered; a prompt that was never served counts as one."""
    never_served = len(pool.prompt_ids) - len(np.unique(run.rows))
    return float(answered(run).sum()) / (len(run.rows) + never_served)


def answered(run: Run) -> NDArray[np.bool_]:
    """[m], whether a request got an answer whose quality is known."""
    return (run.arms >= 0) & ~np.isnan(run.quality)


def answered_by_all(pool: Pool, runs: Iterable[Run]) -> Rows:
    """Rows of the pool, ascending, that every arm and every run answered whenever asked."""
    kept: NDArray[np.bool_] = np.asarray(~np.isnan(pool.quality).any(axis=1))
    for run in runs:
        served = np.zeros(len(kept), dtype=np.bool_)
        served[run.rows] = True
        served[run.rows[~answered(run)]] = False
        kept &= served
    return np.flatnonzero(kept)


def take(pool: Pool, rows: Rows) -> Pool:
    """The pool of these rows. A cost or latency that some pair still lacks is unknown: None."""

    def whole(values: Floats | None) -> Floats | None:
        if values is None or np.isnan(values[rows]).any():
            return None
        return values[rows]

    return replace(
        pool,
        prompt_ids=tuple(pool.prompt_ids[i] for i in rows),
        categories=tuple(pool.categories[i] for i in rows),
        groups=pool.groups[rows],
        quality=pool.quality[rows],
        cost_usd=whole(pool.cost_usd),
        latency_s=whole(pool.latency_s),
    )


def restrict(run: Run, keep: Rows) -> Run:
    """The run's requests for the kept rows, in the order served, rows renumbered."""
    place = np.full(1 + max(keep.max(initial=-1), run.rows.max(initial=-1)), -1, dtype=np.int64)
    place[keep] = np.arange(len(keep))
    rows = place[run.rows]
    kept = rows >= 0
    return replace(
        run,
        rows=rows[kept],
        arms=run.arms[kept],
        propensity=run.propensity[kept],
        quality=run.quality[kept],
        cost_usd=run.cost_usd[kept],
        latency_s=run.latency_s[kept],
        predicted=None if run.predicted is None else run.predicted[kept],
        uncalibrated=None if run.uncalibrated is None else run.uncalibrated[kept],
    )


def utility_of_arms(pool: Pool, utility: Utility) -> Floats:
    """[n, k], what every arm's answer to every prompt is worth.

    Raises DataError where the utility needs a quantity that the pool does not have throughout.
    """
    for quantity, needed, values in (
        ("cost", utility.needs_cost, pool.cost_usd),
        ("latency", utility.needs_latency, pool.latency_s),
    ):
        if needed and values is None:
            raise DataError(
                f"the utility needs the {quantity} of every answer, and the pool lacks it for "
                f"some; set utility.{quantity}_weight=0 (and no {quantity} ceiling), or leave "
                "out the arms without it"
            )
    unknown = np.full(pool.quality.shape, np.nan)
    cost = unknown if pool.cost_usd is None else pool.cost_usd
    latency = unknown if pool.latency_s is None else pool.latency_s
    return utility.of_arrays(pool.quality, cost, latency)


def train_utility(pool: Pool, utility: Utility) -> Floats:
    """[k], the mean utility on the train prompts, or the utility of the means."""
    if pool.train_utility is not None:
        return pool.train_utility
    unknown = np.full(len(pool.arms), np.nan)
    cost = unknown if pool.train_cost_usd is None else pool.train_cost_usd
    latency = unknown if pool.train_latency_s is None else pool.train_latency_s
    return utility.of_arrays(pool.train_quality, cost, latency)


def _by_policy(runs: Iterable[Run]) -> dict[str, list[Run]]:
    grouped: dict[str, list[Run]] = {}
    for run in in_order(runs):
        grouped.setdefault(run.policy, []).append(run)
    return grouped


def _mean_coverage(runs: list[Run], pool: Pool) -> float:
    return float(np.mean([coverage(run, pool) for run in runs]))
