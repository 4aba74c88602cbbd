"""The report's tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from gairp.metrics.arrays import Floats
from gairp.metrics.interval import Estimate
from gairp.report.cell import UNKNOWN, fixed, percent, significant, with_interval
from gairp.report.grid import Grid
from gairp.runners.judge_agreement.measured import Measured

_LEVELS = ("", "_low", "_high")


def agreement_grid(found: Sequence[Measured]) -> Grid:
    """How far each judge agrees with the programmatic grades."""
    header = (
        "judge", "judged", "unreadable", "failed", "accuracy", "Cohen's κ", "says “right”",
        "of right answers", "of wrong answers",
    )  # fmt: skip
    lines = [
        (
            one.name, str(one.agreement.n), str(one.unparsed), str(one.failed),
            with_interval(one.agreement.accuracy), with_interval(one.agreement.kappa),
            percent(one.says_right), percent(one.hits), percent(one.false_alarms),
        )
        for one in found
    ]  # fmt: skip
    return Grid(header, tuple(lines))


def bias_grid(found: Sequence[Measured]) -> Grid:
    """What sways each judge at equal truth: whose answer it is, and how long."""
    models = list(found[0].by_model)
    header = ("judge", *models, "per doubling of length", "rank correlation with length")
    lines = [
        (
            one.name,
            *(_signed(one.by_model.get(model)) for model in models),
            _signed(one.by_length.slope),
            _signed(one.by_length.rank),
        )
        for one in found
    ]
    return Grid(header, tuple(lines))


def cost_grid(found: Sequence[Measured]) -> Grid:
    """What a judgement takes."""
    header = ("judge", "USD per 1,000", "seconds p50", "seconds p95", "seconds in all")
    lines = [
        (
            one.name,
            significant(1000 * _mean(one.cost_usd)),
            *(significant(_quantile(one.seconds, share)) for share in (0.5, 0.95)),
            significant(float(np.nansum(one.seconds)) if _known(one.seconds) else np.nan),
        )
        for one in found
    ]
    return Grid(header, tuple(lines))


def summary_csv(found: Sequence[Measured]) -> str:
    """Agreement and bias, a line a judge; no measured time or cost."""
    records = [_record(one) for one in found]
    return _csv(list(records[0]), [list(record.values()) for record in records])


def cost_csv(found: Sequence[Measured]) -> str:
    """`cost_grid` for machines: measured on one machine on one day."""
    grid = cost_grid(found)
    return _csv(list(grid.header), [list(line) for line in grid.lines])


def _record(one: Measured) -> dict[str, str]:
    figures = {
        "accuracy": one.agreement.accuracy,
        "kappa": one.agreement.kappa,
        **{f"bias:{model}": bias for model, bias in one.by_model.items()},
        "length_slope": one.by_length.slope,
        "length_rank": one.by_length.rank,
    }
    return {
        "judge": one.name,
        "control": str(int(one.control)),
        "asked": str(one.asked),
        "judged": str(one.agreement.n),
        "unparsed": str(one.unparsed),
        "failed": str(one.failed),
        "says_right": fixed(one.says_right),
        "hits": fixed(one.hits),
        "false_alarms": fixed(one.false_alarms),
        **{
            f"{name}{level}": fixed(value)
            for name, estimate in figures.items()
            for level, value in zip(
                _LEVELS, (estimate.point, estimate.low, estimate.high), strict=True
            )
        },
    }


def _csv(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([header, *lines])
    return out.getvalue()


def _signed(estimate: Estimate | None) -> str:
    return UNKNOWN if estimate is None else with_interval(estimate, sign=True)


def _known(values: Floats) -> bool:
    return bool((~np.isnan(values)).any())


def _mean(values: Floats) -> float:
    return float(np.nanmean(values)) if _known(values) else float("nan")


def _quantile(values: Floats, share: float) -> float:
    return float(np.nanquantile(values, share)) if _known(values) else float("nan")
