"""From the courses of all bandits to what a prior saves, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gairp.runners.warm_start.course import Course
from gairp.types import Floats


def saved(cold: Floats, start: Floats, checkpoints: Floats) -> Floats:
    """Requests from which on the cold curve [..., c] stays at `start` [...] or above.

    Linear between checkpoints; the last checkpoint where it does not come to stay. A cold bandit
    may begin well by luck, at the arm that ties go to, before it tries the others.
    """
    best = np.minimum.accumulate(cold[..., ::-1], axis=-1)[..., ::-1]
    there = best >= start[..., None]
    after = np.where(there.any(axis=-1), there.argmax(axis=-1), len(checkpoints) - 1)
    before = np.maximum(after - 1, 0)
    low, high = (np.take_along_axis(best, i[..., None], -1)[..., 0] for i in (before, after))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(high > low, np.clip((start - low) / (high - low), 0.0, 1.0), 0.0)
    between = checkpoints[before] + share * (checkpoints[after] - checkpoints[before])
    never = np.full_like(between, checkpoints[-1])
    return np.where(there.any(axis=-1), np.where(there[..., 0], 0.0, between), never)


def warm_start_table(
    courses: Mapping[str, Sequence[Course]],
    checkpoints: Sequence[int],
    *,
    cold: str,
    early: int,
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """A row a bandit; intervals are 95% bootstraps over the runs, paired with the cold one's.

    `courses`: bandit -> its runs, in the same order of splits and seeds. Columns: value before the
    first request and after the last; `saved`: requests that the cold bandit needs to be worth as
    much as this one is at the start; `early`: gain in utility a request over the first `early`.
    """
    at = np.asarray(checkpoints, dtype=np.float64)
    held = {name: np.stack([run.held_out for run in runs]) for name, runs in courses.items()}
    first = list(checkpoints).index(early)
    earned = {name: np.stack([r.earned[first] for r in runs]) for name, runs in courses.items()}
    n = len(held[cold])
    picks = np.vstack([np.arange(n), np.random.default_rng(seed).integers(n, size=(draws, n))])
    base = held[cold][picks].mean(axis=1)  # [1 + draws, c]
    rows = []
    for name, values in held.items():
        curve = values[picks].mean(axis=1)
        requests = saved(base, curve[:, 0], at)
        gain = (earned[name] - earned[cold])[picks].mean(axis=1) / early
        end = curve[:, -1] - base[:, -1]
        rows.append(
            {
                "bandit": name,
                "requests": int(checkpoints[-1]),
                "at_start": curve[0, 0],
                "at_end": curve[0, -1],
                **_interval("saved", requests),
                **_interval("early_gain", gain),
                **_interval("end_gain", end),
            }
        )
    return pd.DataFrame(rows)


def _interval(name: str, draws: Floats) -> dict[str, float]:
    """The point (of the first row) and a percentile interval of the others."""
    low, high = np.quantile(draws[1:], [0.025, 0.975])
    return {name: float(draws[0]), f"{name}_low": float(low), f"{name}_high": float(high)}
