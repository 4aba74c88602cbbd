"""What a recipe needs of a model server: chat with token log-probabilities and measured cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypedDict

import msgspec


class Message(TypedDict):
    """One turn of a conversation."""

    role: str
    content: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a server; where several were sampled at once, the first carries the cost.

    `logprobs` are natural logarithms, one a generated token; `first_token` maps the likeliest
    candidates for the first token to theirs. Seconds throughout; `compute_s` is processor time.
    """

    text: str
    logprobs: tuple[float, ...]
    first_token: dict[str, float]
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    ttft_s: float
    latency_s: float
    compute_s: float
    finish_reason: str


class Chat(Protocol):
    """A model that answers one conversation at a time."""

    def chat(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cache: bool = False,
    ) -> Reply:
        """One answer, streamed and timed; `cache` lets the server reuse an earlier prefix."""

    def sample(
        self,
        messages: Sequence[Message],
        *,
        count: int,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> list[Reply]:
        """`count` answers sampled together."""
