"""Ways to judge badly, each with a level that says how badly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_JUDGE = "gairp.replay.feedback.judge.NoisyJudge"

Judge = Callable[[float, str], Mapping[str, Any]]


def _errors(level: float, worst: str) -> Mapping[str, Any]:
    """Right answers are called wrong, and wrong ones right, in this share of cases."""
    return {"_target_": _JUDGE, "false_bad": level, "false_good": level}


def _harsh(level: float, worst: str) -> Mapping[str, Any]:
    """Only right answers are called wrong, in this share of cases."""
    return {"_target_": _JUDGE, "false_bad": level, "false_good": 0.0}


def _favourite(level: float, worst: str) -> Mapping[str, Any]:
    """The worst model's answers are called better by so much."""
    return {"_target_": _JUDGE, "false_bad": 0.0, "false_good": 0.0, "bias": {worst: level}}


#: What the level means, and the feedback model; `worst` is the worst arm on train.
JUDGES: dict[str, Judge] = {
    "errors": _errors,
    "harsh": _harsh,
    "favours the worst": _favourite,
}
