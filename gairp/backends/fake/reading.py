"""From the body of a request to what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gairp.backends.fake.ask import Ask, Operation
from gairp.rng import DecisionRng

#: The end of a path -> what is asked there; the longer of two ends comes first.
OPERATIONS: dict[str, Operation] = {
    "/chat/completions": "chat",
    "/completions": "completion",
    "/responses": "response",
    "/embeddings": "embedding",
}
_INPUT: dict[Operation, str] = {
    "chat": "messages",
    "completion": "prompt",
    "response": "input",
    "embedding": "input",
}


def operation(path: str) -> Operation | None:
    """What is asked at a path, whatever stands before it."""
    for end, name in OPERATIONS.items():
        if path.endswith(end):
            return name
    return None


def read(operation: Operation, model: str, body: Mapping[str, Any], rng: DecisionRng) -> Ask:
    """What a body asks; raises KeyError of the parameter that is missing or of a wrong type."""
    messages = _messages(operation, body)
    texts = [content_text(message.get("content")) for message in messages]
    users = [t for t, m in zip(texts, messages, strict=True) if m.get("role", "user") == "user"]
    return Ask(
        operation=operation,
        model=model,
        prompt=users[-1] if users else "",
        texts=texts,
        body=body,
        rng=rng,
        max_tokens=_max_tokens(body),
        stream=bool(body.get("stream")) and operation != "embedding",
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        top_logprobs=_top_logprobs(operation, body),
    )


def content_text(content: object) -> str:
    """The text of a message's content: a string, or a list of parts of which some hold text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        return "\n".join([str(part["text"]) for part in parts if "text" in part])
    return ""


def _messages(operation: Operation, body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    key = _INPUT[operation]
    value = body.get(key)
    if isinstance(value, str) and operation != "chat":
        value = [{"role": "user", "content": value}]
    if not isinstance(value, list) or not value:
        raise KeyError(key)
    system = body.get("instructions")
    first = [{"role": "system", "content": system}] if system else []
    return first + [m if isinstance(m, Mapping) else {"content": str(m)} for m in value]


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    for key in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
        value = body.get(key)
        if isinstance(value, int):
            return value
    return None


def _top_logprobs(operation: Operation, body: Mapping[str, Any]) -> int | None:
    if operation == "response":
        wanted = "message.output_text.logprobs" in (body.get("include") or ())
        return int(body.get("top_logprobs") or 0) if wanted else None
    logprobs = body.get("logprobs")
    if logprobs is None or logprobs is False:
        return None
    return int(body.get("top_logprobs") or 0) if logprobs is True else int(logprobs)
