"""Does the challenger lose somewhere what it wins elsewhere?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gairp.metrics.holm import holm
from gairp.metrics.interval import p_value
from gairp.ope.bootstrap import bootstrap_many, percentiles
from gairp.ope.diagnosis import diagnose
from gairp.ope.logged import Logged
from gairp.ope.refusal import Floor
from gairp.ope.snips import SNIPS
from gairp.runners.evaluate.rows import Rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """The gain among the rows of one label; NaN where the slice is refused."""

    by: str
    label: str
    rows: int
    gain: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p_value: float = float("nan")  #: of "no gain", two-sided, Holm-corrected over all slices
    refused: str = ""


def sliced(
    rows: Rows,
    challenger: Logged,
    champion: Logged,
    *,
    by: Sequence[str],
    floor: Floor,
    draws: int,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[Slice, ...]:
    """Every tenant and category with its gain, self-normalised, and Holm's correction.

    A label that all rows have is not a slice. Intervals are those of each slice alone.
    """
    found = []
    for name in by:
        labels = np.array(rows.labels[name])
        values = np.unique(labels)
        for value in values if len(values) > 1 else ():
            chosen = labels == value
            one, other = challenger.rows(chosen), champion.rows(chosen)
            found.append(
                _slice(name, str(value), one, other, floor=floor, draws=draws, alpha=alpha, rng=rng)
            )
    if not found:
        return ()
    corrected = holm([one.p_value for one in found])
    return tuple(replace(one, p_value=float(p)) for one, p in zip(found, corrected, strict=True))


def _slice(
    by: str,
    label: str,
    challenger: Logged,
    champion: Logged,
    *,
    floor: Floor,
    draws: int,
    alpha: float,
    rng: np.random.Generator,
) -> Slice:
    reasons = floor.reasons(diagnose(challenger)) + floor.reasons(diagnose(champion))
    if reasons:
        return Slice(by=by, label=label, rows=len(challenger), refused=reasons[0])
    pair, estimator = [challenger.complete(), champion.complete()], SNIPS()
    drawn = bootstrap_many(pair, [estimator], rng=rng, draws=draws)[:, :, 0]
    gains = drawn[:, 0] - drawn[:, 1]
    low, high = percentiles(gains, alpha=alpha)
    return Slice(
        by=by,
        label=label,
        rows=len(challenger),
        gain=estimator.point(pair[0]) - estimator.point(pair[1]),
        low=float(low),
        high=float(high),
        p_value=p_value(gains),
    )
