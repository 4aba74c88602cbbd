"""Answers from a recorded trace: no model is called."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from gairp.types import NO_SIGNALS, Failure, Floats, Request, Response, Usage

_NOT_RECORDED = Failure(kind="not_recorded", message="the trace has no answer of this arm")


class RecordedPrompt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every arm once answered to one prompt; arrays are [k], None where never recorded."""

    row: int  #: position in the trace
    request_id: str
    request: Request | None = None
    features: Floats
    quality: Floats
    cost_usd: Floats | None = None
    latency_s: Floats | None = None
    first_token_s: Floats | None = None
    input_tokens: Floats | None = None
    output_tokens: Floats | None = None
    signals: Mapping[str, Floats] = {}  #: what came with the answers, such as log-probabilities


def at(values: Floats | None, column: int) -> float:
    """One arm's value; NaN where the quantity was never recorded."""
    return math.nan if values is None else float(values[column])


def signals_at(signals: Mapping[str, Floats], column: int) -> Mapping[str, float]:
    """One arm's signals by name; those that were not recorded are left out."""
    if not signals:
        return NO_SIGNALS
    found = {name: float(values[column]) for name, values in signals.items()}
    return {name: value for name, value in found.items() if value == value}


def answer(prompt: RecordedPrompt, arm: str, column: int) -> Response:
    """The recorded response of one arm; an error where this pair was not recorded."""
    first, total = at(prompt.first_token_s, column), at(prompt.latency_s, column)
    return timed_answer(prompt, arm, column, first_token_s=first, latency_s=total, queue_s=0.0)


def timed_answer(
    prompt: RecordedPrompt,
    arm: str,
    column: int,
    *,
    first_token_s: float,
    latency_s: float,
    queue_s: float,
) -> Response:
    """The recorded response at other times than it was recorded with."""
    missing = prompt.quality[column] != prompt.quality[column]
    return Response(
        model=arm,
        usage=Usage(
            input_tokens=at(prompt.input_tokens, column),
            output_tokens=at(prompt.output_tokens, column),
        ),
        first_token_s=first_token_s,
        latency_s=latency_s,
        queue_s=queue_s,
        cost_usd=at(prompt.cost_usd, column),
        signals=signals_at(prompt.signals, column),
        error=_NOT_RECORDED if missing else None,
    )
