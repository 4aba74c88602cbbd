"""Log-probabilities of tokens: made up, and the same for the same token each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32


def logprob(token: str) -> float:
    """A natural logarithm in (-1, 0], by the token's checksum."""
    return -(crc32(token.encode()) % 1000) / 1000


def of_token(token: str, top: int) -> dict[str, Any]:
    """As chat completions tell it; of `top` candidates the token itself is the likeliest."""
    candidates = [(token, logprob(token)), *[(f"other{i}", -3.0 - i) for i in range(1, top)]]
    return _entry(token, logprob(token)) | {"top_logprobs": [_entry(*c) for c in candidates[:top]]}


def of_tokens(tokens: Sequence[str], top: int) -> list[dict[str, Any]]:
    """The same for each of an answer."""
    return [of_token(token, top) for token in tokens]


def _entry(token: str, value: float) -> dict[str, Any]:
    return {"token": token, "logprob": value, "bytes": list(token.encode())}
