"""The arms of a study, and which prompts every one of them answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gairp.errors import DataError, UnknownNameError
from gairp.traces.adapters import distinct_arms
from gairp.traces.table import Ints
from gairp.traces.trace import Trace

Missing = Literal["drop", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSelection:
    """A trace restricted to a pool of arms, with an account of what was not recorded."""

    trace: Trace
    missing: Missing
    total: int  #: prompts before
    kept: Ints  #: rows of the original trace that `trace` holds, ascending
    dropped: Ints  #: rows of the original trace that it does not hold, ascending
    complete: Ints  #: rows of `trace` that every arm answered: the intersection
    missing_pairs: Mapping[str, int]  #: arm -> prompts that it did not answer, before any drop

    def __str__(self) -> str:
        lacking = ", ".join(
            f"{arm} {count:,}" for arm, count in self.missing_pairs.items() if count
        )
        did = "the others dropped" if self.missing == "drop" else "missing pairs are rejected"
        return (
            f"{len(self.complete):,} of {self.total:,} prompts are complete for the "
            f"{len(self.trace.arms)} arms; {did}" + (f" (missing: {lacking})" if lacking else "")
        )


def select_pool(
    trace: Trace, arms: Sequence[str] | None = None, missing: Missing = "drop"
) -> PoolSelection:
    """The trace of these arms (default: all), in this order; a missing pair is never imputed.

    "drop" keeps the prompts that every arm answered. "reject" keeps all prompts, NaN where a pair
    is missing: the replay counts the rejections, and comparisons use `complete`. Raises DataError
    where no prompt is complete, UnknownNameError for an unknown arm or choice.
    """
    if missing not in ("drop", "reject"):
        raise UnknownNameError("way to treat missing pairs", missing, ("drop", "reject"))
    pool = trace.pool(distinct_arms(arms) or trace.arms)
    complete = pool.complete_rows()
    lacking = np.isnan(pool.score).sum(axis=0).tolist()
    counts = dict(zip(pool.arms, lacking, strict=True))
    if not len(complete):
        raise DataError(
            f"trace {trace.name!r}: none of {len(trace)} prompts was answered by all of "
            f"{', '.join(pool.arms)} (missing: {counts}); take an arm out of the pool"
        )
    rows = np.arange(len(trace), dtype=np.int64)
    dropping = missing == "drop"
    return PoolSelection(
        trace=pool.take(complete) if dropping else pool,
        missing=missing,
        total=len(trace),
        kept=complete if dropping else rows,
        dropped=np.setdiff1d(rows, complete) if dropping else rows[:0],
        complete=rows[: len(complete)] if dropping else complete,
        missing_pairs=counts,
    )
