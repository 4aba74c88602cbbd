"""The few fields of a body that the gateway reads; the rest passes as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gairp.gateway.errors import ApiError
from gairp.types import Operation


class StreamOptions(msgspec.Struct, gc=False):
    """What a client wants to hear at the end of a stream."""

    include_usage: bool | None = None


class Message(msgspec.Struct, gc=False):
    """One turn; content is a text, a list of parts, or nothing."""

    role: str = ""
    content: Any = None


class _Body(msgspec.Struct, gc=False):
    model: str
    stream: bool | None = None
    user: str | None = None
    metadata: dict[str, Any] | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    max_output_tokens: int | None = None
    stream_options: StreamOptions | None = None
    tools: list[msgspec.Raw] | None = None
    response_format: dict[str, Any] | None = None
    modalities: list[str] | None = None


class ChatBody(_Body):
    """Of /v1/chat/completions: what is read of it."""

    messages: list[Message] = msgspec.field(default_factory=list)


class CompletionBody(_Body):
    """Of /v1/completions: what is read of it."""

    prompt: Any = None
    best_of: int | None = None


class EmbeddingBody(_Body):
    """Of /v1/embeddings: what is read of it."""

    input: Any = None


class ResponseBody(_Body):
    """Of /v1/responses: what is read of it."""

    input: Any = None
    instructions: str | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    store: bool | None = None


BODIES: Mapping[Operation, type[_Body]] = {
    "chat": ChatBody,
    "completion": CompletionBody,
    "embedding": EmbeddingBody,
    "response": ResponseBody,
}
_DECODERS: dict[Operation, msgspec.json.Decoder[Any]] = {
    operation: msgspec.json.Decoder(body) for operation, body in BODIES.items()
}


class Peek(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is decided on."""

    model: str
    stream: bool
    text: str  #: what features are made of: the last thing that the user said
    max_tokens: int | None
    choices: int  #: answers asked for
    needs: frozenset[str]  #: tools, vision, audio, json_schema
    include_usage: bool  #: the client wants usage at the end of its stream
    user: str | None = None
    tags: dict[str, str] = {}
    tools: int = 0
    size: int = 0  #: bytes of the body: no tokenizer makes more tokens of it
    media: int = 0  #: parts that are no text, whose tokens the size does not bound


def peek(operation: Operation, body: bytes) -> Peek:
    """Raises ApiError 400 for what is no request of this operation."""
    try:
        found = _DECODERS[operation].decode(body)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"the body is no JSON: {error}", code="invalid_json") from None
    except RecursionError:
        raise ApiError(400, "the body is nested too deeply", code="invalid_json") from None
    text, needs, media = _READERS[operation](found)
    if found.tools:
        needs = needs | _TOOLS
    form = found.response_format
    if form is not None and form.get("type") == "json_schema":
        needs = needs | _SCHEMA
    limit, choices = _limit(found), found.n or 1
    if type(found) is CompletionBody and found.best_of is not None:
        choices = max(choices, found.best_of)  # all of them are generated, and billed
    if not 1 <= choices <= _MOST_CHOICES:
        raise _wrong(f"n and best_of must be from 1 to {_MOST_CHOICES}")
    options = found.stream_options
    return Peek(
        model=found.model,
        stream=bool(found.stream) and operation != "embedding",
        text=text,
        max_tokens=limit,
        choices=choices,
        needs=needs,
        include_usage=options is not None and bool(options.include_usage),
        user=found.user,
        tags=_tags(found.metadata),
        tools=len(found.tools or ()),
        size=len(body),
        media=media,
    )


#: What a call is reserved at must be a number that ledgers can hold.
_MOST_TOKENS, _MOST_CHOICES = 10_000_000, 128


def _limit(body: _Body) -> int | None:
    """The largest that is named: which of them a server heeds, nobody here knows."""
    limit = body.max_completion_tokens
    for other in (body.max_tokens, body.max_output_tokens):
        if other is not None and (limit is None or other > limit):
            limit = other
    if limit is not None and not 0 <= limit <= _MOST_TOKENS:
        raise _wrong(f"max_tokens must be from 1 to {_MOST_TOKENS:,}")
    return limit or None


_NO_NEEDS: frozenset[str] = frozenset()
_TOOLS, _SCHEMA = frozenset({"tools"}), frozenset({"json_schema"})
Read = tuple[str, frozenset[str], int]


def _chat(body: ChatBody) -> Read:
    if not body.messages:
        raise _wrong("messages must hold at least one message", "messages")
    last, needs, media = "", _NO_NEEDS, 0
    for message in body.messages:
        content = message.content
        if type(content) is str:
            if message.role == "user":
                last = content
            continue
        text, more, count = _parts(content)
        needs, media = needs | more, media + count
        if message.role == "user":
            last = text
    return last, needs, media


def _prompted(body: CompletionBody) -> Read:
    if body.prompt is None:
        raise _wrong("prompt is missing", "prompt")
    return _text(body.prompt), _NO_NEEDS, 0


def _embedding(body: EmbeddingBody) -> Read:
    if body.input is None:
        raise _wrong("input is missing", "input")
    return _text(body.input), _NO_NEEDS, 0


def _response(body: ResponseBody) -> Read:
    if body.input is None:
        raise _wrong("input is missing", "input")
    if body.background or body.previous_response_id is not None:
        raise ApiError(
            400,
            "responses are stateless here: background and previous_response_id are not supported; "
            "send the whole conversation in input",
            code="unsupported_parameter",
            param="background" if body.background else "previous_response_id",
        )
    if isinstance(body.input, str):
        return body.input, _NO_NEEDS, 0
    last, needs, media = "", _NO_NEEDS, 0
    for item in body.input if isinstance(body.input, list) else ():
        content = item.get("content") if isinstance(item, dict) else None
        text, more, count = (content, _NO_NEEDS, 0) if isinstance(content, str) else _parts(content)
        needs, media = needs | more, media + count
        if isinstance(item, dict) and item.get("role") == "user":
            last = text
    return last, needs, media


_READERS: dict[Operation, Any] = {
    "chat": _chat,
    "completion": _prompted,
    "embedding": _embedding,
    "response": _response,
}
_KINDS: dict[str, Literal["vision", "audio"]] = {
    "image_url": "vision",
    "input_image": "vision",
    "input_audio": "audio",
}


def _parts(content: Any) -> Read:
    """The text of a list of parts, and what else is in it."""
    if not isinstance(content, list):
        return "", _NO_NEEDS, 0
    texts, needs, media = [], set[str](), 0
    for part in content:
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            media += 1
        kind = _KINDS.get(str(part.get("type")))
        if kind is not None:
            needs.add(kind)
    return "\n".join(texts), frozenset(needs), media


def _text(value: Any) -> str:
    """A text, or the texts of a list; tokens have none."""
    if isinstance(value, str):
        return value
    return "\n".join(v for v in value if isinstance(v, str)) if isinstance(value, list) else ""


def _tags(metadata: dict[str, Any] | None) -> dict[str, str]:
    if not metadata:
        return {}
    return {k: v for k, v in metadata.items() if isinstance(v, str)}


def _wrong(why: str, param: str | None = None) -> ApiError:
    return ApiError(400, f"the request is not valid: {why}", code="invalid_request", param=param)
