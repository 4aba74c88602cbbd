"""The summary as a grid of texts, for people: what the Markdown and the terminal table share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gairp.metrics.interval import Estimate
from gairp.report.cell import (
    UNKNOWN,
    p_value,
    percent,
    percent_interval,
    plain,
    significant,
    with_interval,
)
from gairp.report.row import Row
from gairp.report.summary import Summary

Columns = dict[str, Callable[[Row], str]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A header and its lines; the first column is text, the others are figures."""

    header: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def summary_grid(summary: Summary) -> Grid:
    """Every figure but the shares. Columns that are unknown for all rows stay, as "—"."""
    return _grid(summary, _outcome_columns(summary) | _detail_columns(summary))


def outcome_grid(summary: Summary) -> Grid:
    """Quality, cost and the gain over the comparator."""
    return _grid(summary, _outcome_columns(summary))


def detail_grid(summary: Summary) -> Grid:
    """Latency, regrets, AIQ and coverage."""
    return _grid(summary, {"policy": _name} | _detail_columns(summary))


def shares_grid(summary: Summary) -> Grid:
    """Which share of the compared requests each arm answered."""
    arms = summary.compared.pool.arms
    return Grid(
        header=("policy", *arms),
        lines=tuple(
            (_name(row), *(percent(share, 1) for share in row.shares)) for row in summary.rows
        ),
    )


def sensitivity_grid(summary: Summary) -> Grid | None:
    """The gains as assumed and under each changed assumption; None where nothing is assumed."""
    entries = summary.study.sensitivity
    if not entries:
        return None
    judged = [row for row in summary.rows if row.kind != "comparator"]
    lines = [("as assumed", *(with_interval(row.gain, sign=True) for row in judged))]
    for entry in entries:
        found = (entry.gains.get(row.policy, (math.nan,) * 3) for row in judged)
        lines.append((entry.label, *(_gain(*gain) for gain in found)))
    return Grid(header=("assumption", *(row.policy for row in judged)), lines=tuple(lines))


def calibration_grid(summary: Summary) -> Grid | None:
    """Brier score and calibration error, before and after; None where nobody predicts."""
    if not summary.calibrations:
        return None
    return Grid(
        header=(
            *("policy", "predictions", "Brier score", "calibration error"),
            *("Brier, chosen arm", "calibration error, chosen arm"),
        ),
        lines=tuple(
            (
                one.policy,
                one.stage,
                *(
                    text
                    for borne in (one.every, one.chosen)
                    for text in (with_interval(borne.brier), plain(borne.error))
                ),
            )
            for one in summary.calibrations
        ),
    )


def _outcome_columns(summary: Summary) -> Columns:
    return {
        "policy": _name,
        "quality": lambda row: with_interval(row.quality),
        summary.study.cost_unit: lambda row: significant(row.cost.point),
        f"quality gain vs {summary.against}": lambda row: with_interval(row.gain, sign=True),
        "p": lambda row: p_value(row.p_value),
        "cost saved at equal quality": lambda row: percent_interval(row.saving),
    }


def _detail_columns(summary: Summary) -> Columns:
    return {
        "latency p50 / p95 / p99, s": _latency,
        f"regret vs {summary.best_fixed} (best fixed in hindsight)": _regret_best_fixed,
        "regret vs oracle": lambda row: plain(row.regret_oracle, 1),
        "AIQ": lambda row: plain(row.aiq.point),
        "coverage": lambda row: percent(row.coverage, 1),
    }


def _grid(summary: Summary, columns: Columns) -> Grid:
    return Grid(
        header=tuple(columns),
        lines=tuple(tuple(write(row) for write in columns.values()) for row in summary.rows),
    )


def _gain(point: float, low: float, high: float) -> str:
    return with_interval(Estimate(point, low, high, np.array([np.nan])), sign=True)


def _name(row: Row) -> str:
    return f"{row.policy} (primary)" if row.kind == "primary" else row.policy


def _latency(row: Row) -> str:
    if math.isnan(row.latency_s[0]):
        return UNKNOWN
    return " / ".join(significant(seconds) for seconds in row.latency_s)


def _regret_best_fixed(row: Row) -> str:
    return plain(row.regret_best_fixed, 1)
