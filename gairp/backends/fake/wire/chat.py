"""The chat completions of OpenAI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from gairp.backends.fake.piece import Piece
from gairp.backends.fake.wire.completion import CREATED, Completion
from gairp.backends.fake.wire.logprobs import of_token, of_tokens
from gairp.backends.fake.wire.sse import DONE, event, template

Chunk = dict[str, Any]


def usage(completion: Completion) -> dict[str, Any] | None:
    """The usage as it is reported."""
    if completion.usage is None:
        return None
    prompt, answer = completion.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": completion.cached_tokens},
    }


def whole(completion: Completion) -> dict[str, Any]:
    """The body of an answer in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": completion.text}
    if completion.tool_calls:
        message |= {"content": completion.text or None, "tool_calls": _tool_calls(completion)}
    top = completion.ask.top_logprobs
    logprobs = None if top is None else {"content": of_tokens(completion.tokens, top)}
    choice = {"index": 0, "message": message, "logprobs": logprobs}
    body = _envelope(completion, "chat.completion")
    body["choices"] = [choice | {"finish_reason": completion.finish_reason}]
    if completion.usage is not None:
        body["usage"] = usage(completion)
    return body


def stream(completion: Completion, change: Callable[[Chunk], Chunk]) -> Iterator[Piece]:
    """The events of a streamed answer, each chunk as the vendor changes it."""
    envelope = _envelope(completion, "chat.completion.chunk")
    if completion.ask.include_usage:
        envelope["usage"] = None

    def chunk(delta: Mapping[str, Any], finish: str | None = None, logprobs: Any = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return change(envelope | {"choices": [choice]})

    yield Piece(data=event(chunk({"role": "assistant", "content": ""})), role="open")
    fill = _filler(completion, chunk)
    for token in completion.tokens:
        yield Piece(data=fill(token), role="text", tokens=1)
    for i, call in enumerate(_tool_calls(completion)):
        yield Piece(data=event(chunk({"tool_calls": [{"index": i} | call]})), role="text")
    yield Piece(data=event(chunk({}, completion.finish_reason)), role="final")
    if completion.ask.include_usage and completion.usage is not None:
        last = change(envelope | {"choices": [], "usage": usage(completion)})
        yield Piece(data=event(last), role="usage")
    yield Piece(data=DONE, role="done")


def _filler(completion: Completion, chunk: Callable[..., Chunk]) -> Callable[[str], bytes]:
    top = completion.ask.top_logprobs
    if top is None:
        return template(lambda text: chunk({"content": text}))
    return lambda text: event(chunk({"content": text}, logprobs={"content": [of_token(text, top)]}))


def _envelope(completion: Completion, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{completion.id}",
        "object": kind,
        "created": CREATED,
        "model": completion.model,
        "system_fingerprint": "fp_fake",
    }


def _tool_calls(completion: Completion) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{completion.id}_{i}",
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": msgspec.json.encode(call.arguments).decode(),
            },
        }
        for i, call in enumerate(completion.tool_calls)
    ]
