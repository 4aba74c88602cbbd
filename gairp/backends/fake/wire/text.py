"""The legacy text completions of OpenAI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

from gairp.backends.fake.piece import Piece
from gairp.backends.fake.wire.chat import Chunk, usage
from gairp.backends.fake.wire.completion import CREATED, Completion
from gairp.backends.fake.wire.logprobs import logprob
from gairp.backends.fake.wire.sse import DONE, event, template


def whole(completion: Completion) -> dict[str, Any]:
    """The body of an answer in one piece."""
    choice = {"index": 0, "text": completion.text, "logprobs": _logprobs(completion)}
    body = _envelope(completion)
    body["choices"] = [choice | {"finish_reason": completion.finish_reason}]
    if completion.usage is not None:
        body["usage"] = usage(completion)
    return body


def stream(completion: Completion, change: Callable[[Chunk], Chunk]) -> Iterator[Piece]:
    """The events of a streamed answer; vendors leave these as they are."""
    envelope = _envelope(completion)

    def chunk(text: str, finish: str | None = None) -> Chunk:
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
        return envelope | {"choices": [choice]}

    yield Piece(role="open")
    fill = template(chunk)
    for token in completion.tokens:
        yield Piece(data=fill(token), role="text", tokens=1)
    yield Piece(data=event(chunk("", completion.finish_reason)), role="final")
    if completion.ask.include_usage and completion.usage is not None:
        last = envelope | {"choices": [], "usage": usage(completion)}
        yield Piece(data=event(last), role="usage")
    yield Piece(data=DONE, role="done")


def _envelope(completion: Completion) -> dict[str, Any]:
    return {
        "id": f"cmpl-{completion.id}",
        "object": "text_completion",
        "created": CREATED,
        "model": completion.model,
    }


def _logprobs(completion: Completion) -> dict[str, Any] | None:
    if completion.ask.top_logprobs is None:
        return None
    tokens = list(completion.tokens)
    return {
        "tokens": tokens,
        "token_logprobs": [logprob(token) for token in tokens],
        "top_logprobs": None,
        "text_offset": [0, *accumulate(len(token) for token in tokens[:-1])] if tokens else [],
    }
