"""What a script answers, before any wire has shaped it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A function that the model wants called."""

    name: str
    arguments: Mapping[str, Any] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The text of an answer; what is None is counted, or drawn from the model's laws."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    first_token_s: float | None = None
    per_token_s: float | None = None
    finish_reason: str | None = None
