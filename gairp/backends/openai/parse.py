"""JSON of events and bodies."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.error_body import broken, read_error
from gairp.backends.openai.sse import Event

_decode = msgspec.json.Decoder().decode
_SHOWN = 80


def parse_event(event: Event) -> Any:
    """The JSON of an event; raises BrokenAnswerError for none, and for a named error."""
    if event.name == b"error":
        raise broken(read_error(_named(event.data)))
    return parse_body(event.data)


def parse_body(data: bytes) -> Any:
    """The JSON of a whole body; raises BrokenAnswerError where it is none."""
    try:
        return _decode(data)
    except (msgspec.DecodeError, RecursionError):
        return _lenient(data)


def _lenient(data: bytes) -> Any:
    """What Python's own reader takes besides: NaN and halves of surrogate pairs."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise BrokenAnswerError(
            "malformed", f"the server sent what is no JSON: {_shown(data)}"
        ) from None


def _named(data: bytes) -> Any:
    try:
        return _decode(data)
    except (msgspec.DecodeError, RecursionError):
        return data.decode("utf-8", "replace")


def _shown(data: bytes) -> str:
    text = repr(data[:_SHOWN].decode("utf-8", "replace"))
    return text if len(data) <= _SHOWN else f"{text}…"
