"""The few fields of an answer that the gateway reads: who answered, what it took, how it ended."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from gairp.types import Usage


class _Details(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None


class _Choice(msgspec.Struct, gc=False):
    finish_reason: str | None = None


class _Inner(msgspec.Struct, gc=False):
    model: str | None = None
    usage: _Usage | None = None
    status: str | None = None


class _Answer(msgspec.Struct, gc=False):
    model: str | None = None
    usage: _Usage | None = None
    choices: list[_Choice] | None = None
    status: str | None = None  # of a response
    response: _Inner | None = None  # in the last event of a response's stream
    error: Any = None


_DECODER = msgspec.json.Decoder(_Answer)


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """NaN and empty for what was not said."""

    model: str = ""
    input_tokens: float = math.nan
    output_tokens: float = math.nan
    cached_tokens: float = 0.0
    finish_reason: str = ""
    error: bool = False
    usage: bool = False  #: usage was there

    def tokens(self) -> Usage:
        """As usage; a report without sense counts as none."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached_tokens=self.cached_tokens,
        )


def read_answer(body: bytes | memoryview) -> Answer | None:
    """Of a whole answer, or of one event of a stream; None for what is no JSON object."""
    try:
        found = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    inner = found.response
    usage = found.usage if inner is None else inner.usage
    choice = found.choices[0] if found.choices else None
    finish = (choice.finish_reason if choice is not None else None) or found.status
    if inner is not None:
        finish = inner.status or finish
    given, made, cached = (math.nan, math.nan, 0.0) if usage is None else _counted(usage)
    return Answer(
        model=found.model or (inner.model if inner is not None else None) or "",
        input_tokens=given,
        output_tokens=made,
        cached_tokens=cached,
        finish_reason=finish or "",
        error=found.error is not None,
        usage=given == given,
    )


def _counted(usage: _Usage) -> tuple[float, float, float]:
    """(input, output, cached) tokens; NaN where nothing was said, or nothing with sense."""
    given = usage.input_tokens if usage.prompt_tokens is None else usage.prompt_tokens
    made = usage.output_tokens if usage.completion_tokens is None else usage.completion_tokens
    if given is None or given < 0:
        return math.nan, math.nan, 0.0
    if made is None:
        made = max((usage.total_tokens or given) - given, 0)  # embeddings generate nothing
    details = usage.prompt_tokens_details or usage.input_tokens_details
    cached = (details.cached_tokens or 0) if details is not None else 0
    total = usage.total_tokens
    if total is not None and total > given + made:
        made = total - given  # thoughts that were not shown were generated too
    return (
        float(given),
        float(made if made > 0 else 0),
        float(min(cached, given) if cached > 0 else 0),
    )
