"""What a request asks of a model, whatever the wire that it came by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from gairp.rng import DecisionRng

Operation = Literal["chat", "completion", "response", "embedding"]


class Ask(msgspec.Struct, kw_only=True):
    """One question; `prompt` is the text of the last user message, `text` all that was sent."""

    operation: Operation
    model: str
    prompt: str
    texts: Sequence[str]
    body: Mapping[str, Any]
    rng: DecisionRng
    max_tokens: int | None = None
    stream: bool = False
    include_usage: bool = False


def content_text(content: object) -> str:
    """The text of a message's content: a string, or a list of parts of which some hold text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        return "\n".join([str(part["text"]) for part in parts if "text" in part])
    return ""
