"""The verdict: is the primary policy better than what costs no thought?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gairp.report.cell import p_value, signed, with_interval
from gairp.report.row import Row
from gairp.report.summary import Summary

SEEDS_NEEDED = 10
LEVEL = 0.05
Outcome = Literal["gain", "loss", "no gain", "no verdict"]

_WORDS: dict[Outcome, str] = {
    "gain": "a significant gain",
    "loss": "a significant loss",
    "no gain": "no significant gain",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is concluded of one policy, and the sentence that says it."""

    policy: str
    outcome: Outcome
    line: str


def verdict(summary: Summary) -> Verdict:
    """Of the primary policy: two-sided, 95%, at least ten seeds."""
    return _judge(summary, summary.primary, "p")


def other_verdicts(summary: Summary) -> tuple[Verdict, ...]:
    """Of the other judged policies, their p-values Holm-corrected."""
    rows = [row for row in summary.rows if row.kind == "policy"]
    return tuple(_judge(summary, row, "Holm-corrected p") for row in rows)


def _judge(summary: Summary, row: Row, p_name: str) -> Verdict:
    outcome = _outcome(row)
    seeds = f"{row.seeds} seed" + ("s" if row.seeds != 1 else "")
    words = _WORDS.get(outcome, f"no verdict: {seeds}, {SEEDS_NEEDED} needed")
    # Narrow intervals need a fourth decimal to be told from nothing.
    digits = 4 if row.gain.high - row.gain.low < 0.01 else 3
    line = (
        f"{row.policy} against the {summary.against}: "
        f"{_gain(row, digits)}, {p_name} = {p_value(row.p_value)} over {seeds}: {words}"
    )
    if not row.feasible:
        line += " (it costs less than any fixed mix, so the cheapest arm stands in)"
    return Verdict(policy=row.policy, outcome=outcome, line=line + ".")


def _gain(row: Row, digits: int) -> str:
    point, _, interval = with_interval(row.gain, digits, sign=True).partition(" ")
    return f"{point} quality {interval}" if interval else signed(row.gain.point)


def _outcome(row: Row) -> Outcome:
    """Significant where both the interval and the corrected p-value say so."""
    if row.seeds < SEEDS_NEEDED:
        return "no verdict"
    if math.isnan(row.p_value) or row.p_value > LEVEL:
        return "no gain"
    if row.gain.low > 0:
        return "gain"
    return "loss" if row.gain.high < 0 else "no gain"
