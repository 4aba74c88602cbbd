"""From the body of a request to what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gairp.backends.fake.ask import Ask, Operation, content_text
from gairp.rng import DecisionRng

#: The end of a path -> what is asked there.
OPERATIONS: dict[str, Operation] = {
    "/chat/completions": "chat",
    "/completions": "completion",
    "/responses": "response",
    "/embeddings": "embedding",
}


def operation(path: str) -> Operation | None:
    """What is asked at a path, whatever stands before it."""
    for end, name in OPERATIONS.items():
        if path.endswith(end):
            return name
    return None


def read(operation: Operation, body: Mapping[str, Any], rng: DecisionRng) -> Ask:
    """What a body asks; raises KeyError of the parameter that is missing."""
    messages = _messages(operation, body)
    texts = [content_text(message.get("content")) for message in messages]
    users = [t for t, m in zip(texts, messages, strict=True) if m.get("role", "user") == "user"]
    return Ask(
        operation=operation,
        model=str(body.get("model", "")),
        prompt=users[-1] if users else "",
        texts=texts,
        body=body,
        rng=rng,
        max_tokens=_max_tokens(body),
        stream=bool(body.get("stream")),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _messages(operation: Operation, body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    key = {"chat": "messages", "completion": "prompt"}.get(operation, "input")
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
