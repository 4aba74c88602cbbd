"""The Responses API of OpenAI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from gairp.backends.fake.piece import Piece, Role
from gairp.backends.fake.wire.chat import Chunk
from gairp.backends.fake.wire.completion import CREATED, Completion
from gairp.backends.fake.wire.logprobs import of_token, of_tokens
from gairp.backends.fake.wire.sse import event, numbered_template

Json = dict[str, Any]


def whole(completion: Completion) -> Json:
    """The body of an answer in one piece."""
    cut = completion.finish_reason == "length"
    body = _envelope(completion, "incomplete" if cut else "completed")
    if cut:
        body["incomplete_details"] = {"reason": "max_output_tokens"}
    body["output"] = [*_messages(completion), *_calls(completion)]
    body["usage"] = _usage(completion)
    return body


def stream(completion: Completion, change: Callable[[Chunk], Chunk]) -> Iterator[Piece]:
    """The events of a streamed answer; there is no `[DONE]`."""
    told = _Teller()
    for kind in ("response.created", "response.in_progress"):
        yield told(kind, {"response": _envelope(completion, "in_progress")})
    yield Piece(role="open")
    if completion.tokens or not completion.tool_calls:
        yield from _text(completion, told)
    for i, call in enumerate(_calls(completion), start=len(_messages(completion))):
        yield from _call(call, i, told)
    body = whole(completion)
    yield told(f"response.{body['status']}", {"response": body}, "final")


class _Teller:
    """Numbers the events."""

    def __init__(self) -> None:
        self.number = -1

    def next(self) -> int:
        """The number of one more event."""
        self.number += 1
        return self.number

    def __call__(self, kind: str, fields: Json, role: Role = "other", tokens: int = 0) -> Piece:
        data = {"type": kind, "sequence_number": self.next()} | fields
        return Piece(data=event(data, kind), role=role, tokens=tokens)


def _text(completion: Completion, told: _Teller) -> Iterator[Piece]:
    place = {"item_id": f"msg_{completion.id}", "output_index": 0, "content_index": 0}
    (item,) = _messages(completion)
    (part,) = item["content"]
    empty = item | {"status": "in_progress", "content": []}
    yield told("response.output_item.added", {"output_index": 0, "item": empty})
    yield told("response.content_part.added", place | {"part": part | {"text": ""}})
    fill = _filler(completion, place, told)
    for token in completion.tokens:
        yield Piece(data=fill(token), role="text", tokens=1)
    yield told("response.output_text.done", place | {"text": completion.text})
    yield told("response.content_part.done", place | {"part": part})
    yield told("response.output_item.done", {"output_index": 0, "item": item})


def _filler(completion: Completion, place: Json, told: _Teller) -> Callable[[str], bytes]:
    kind, top = "response.output_text.delta", completion.ask.top_logprobs
    if top is not None:
        return lambda text: (
            told(kind, place | {"delta": text, "logprobs": [of_token(text, top)]}).data
        )

    def delta(number: int, text: str) -> Json:
        numbered = {"type": kind, "sequence_number": number} | place
        return numbered | {"delta": text, "logprobs": []}

    fill = numbered_template(delta, kind)
    return lambda text: fill(told.next(), text)


def _call(call: Json, index: int, told: _Teller) -> Iterator[Piece]:
    place = {"item_id": call["id"], "output_index": index}
    empty = call | {"arguments": "", "status": "in_progress"}
    yield told("response.output_item.added", {"output_index": index, "item": empty})
    delta = place | {"delta": call["arguments"]}
    yield told("response.function_call_arguments.delta", delta, "text")
    arguments = place | {"arguments": call["arguments"]}
    yield told("response.function_call_arguments.done", arguments)
    yield told("response.output_item.done", {"output_index": index, "item": call})


def _envelope(completion: Completion, status: str) -> Json:
    return {
        "id": f"resp_{completion.id}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "model": completion.model,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _messages(completion: Completion) -> list[Json]:
    if completion.tool_calls and not completion.tokens:
        return []
    part: Json = {"type": "output_text", "text": completion.text, "annotations": []}
    if completion.ask.top_logprobs is not None:
        part["logprobs"] = of_tokens(completion.tokens, completion.ask.top_logprobs)
    message = {"id": f"msg_{completion.id}", "type": "message", "role": "assistant"}
    return [message | {"status": "completed", "content": [part]}]


def _calls(completion: Completion) -> list[Json]:
    return [
        {
            "id": f"fc_{completion.id}_{i}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{completion.id}_{i}",
            "name": call.name,
            "arguments": msgspec.json.encode(call.arguments).decode(),
        }
        for i, call in enumerate(completion.tool_calls)
    ]


def _usage(completion: Completion) -> Json | None:
    if completion.usage is None:
        return None
    prompt, answer = completion.usage
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": completion.cached_tokens},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + answer,
    }
