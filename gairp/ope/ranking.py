"""Several candidate policies on one log, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gairp.ope.bootstrap import bootstrap_many, percentiles
from gairp.ope.diagnosis import diagnose
from gairp.ope.estimator import Estimator
from gairp.ope.logged import Logged
from gairp.ope.refusal import Floor, Refusal
from gairp.ope.snips import SNIPS


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """One candidate among several."""

    name: str
    value: float
    low: float
    high: float
    best: float  #: share of the draws in which it was the best of all
    behind: float  #: how much it earns less than the first
    behind_low: float  #: simultaneous over all candidates
    behind_high: float


def rank(
    candidates: Mapping[str, Logged],
    *,
    rng: np.random.Generator,
    estimator: Estimator | None = None,
    floor: Floor | None = None,
    draws: int = 1000,
    alpha: float = 0.05,
) -> tuple[tuple[Ranked, ...], dict[str, Refusal]]:
    """The candidates from the best to the worst, and those whose estimate is refused.

    All share their rows, and each draw is the same rows for all. The intervals of "how far behind
    the first" hold together with probability 1 − alpha: each is as wide as the largest
    standardised deviation of a draw demands (the bootstrap's max-t; Westfall & Young 1993).
    """
    refused: dict[str, Refusal] = {}
    for name, log in candidates.items():
        found = diagnose(log)
        if reasons := (floor or Floor()).reasons(found):
            refused[name] = Refusal(reasons=reasons, diagnosis=found)
    kept = {n: log.complete() for n, log in candidates.items() if n not in refused}
    if not kept:
        return (), refused
    one = estimator or SNIPS()
    values = np.array([one.point(log) for log in kept.values()])
    drawn = bootstrap_many(list(kept.values()), [one], rng=rng, draws=draws)[:, :, 0]
    order = np.argsort(-values, kind="stable")
    values, drawn, names = values[order], drawn[:, order], [list(kept)[i] for i in order]
    ends, wins = percentiles(drawn, alpha=alpha), np.argmax(drawn, axis=1)
    gaps, gap_draws = values[0] - values, drawn[:, :1] - drawn
    error = gap_draws.std(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviations = np.nan_to_num(np.abs(gap_draws - gaps) / error)
    reach = np.quantile(deviations.max(axis=1), 1 - alpha) * error
    return tuple(
        Ranked(
            name=name, value=float(values[i]), low=float(ends[i, 0]), high=float(ends[i, 1]),
            best=float((wins == i).mean()), behind=float(gaps[i]),
            behind_low=float(gaps[i] - reach[i]), behind_high=float(gaps[i] + reach[i]),
        )
        for i, name in enumerate(names)
    ), refused  # fmt: skip
