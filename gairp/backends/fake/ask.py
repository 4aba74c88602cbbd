"""What a request asks of a model, whatever the wire that it came by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from gairp.rng import DecisionRng

Operation = Literal["chat", "completion", "response", "embedding"]


class Ask(msgspec.Struct, kw_only=True):
    """One question; `prompt` is the text of the last user message, `texts` all that was sent."""

    operation: Operation
    model: str
    prompt: str
    texts: Sequence[str]
    body: Mapping[str, Any]
    rng: DecisionRng
    max_tokens: int | None = None
    stream: bool = False
    include_usage: bool = False
    top_logprobs: int | None = None  #: how many candidates a token; None for no logprobs at all
