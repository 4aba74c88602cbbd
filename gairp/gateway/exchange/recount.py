"""Tokens of a call whose server did not say them: counted from the bytes that went and came."""

from __future__ import annotations

import json
import math
from typing import Any, cast

from gairp.pricing.tokens import Encoding, count_tokens
from gairp.types import Operation, Usage

_PER_MESSAGE = 4


def recounted(
    operation: Operation, body: bytes, answer: bytes, encoding: str, *, partial: bool = False
) -> Usage:
    """An estimate by one encoding; `partial` for an answer that broke off."""
    sent = _json(body)
    messages = sent.get("messages")
    given = _texts(messages if messages is not None else sent.get("prompt", sent.get("input")))
    wrapped = _PER_MESSAGE * len(messages) + 3 if isinstance(messages, list) else 0
    made = [] if operation == "embedding" else _answered(answer)
    kind = cast(Encoding, encoding)
    return Usage(
        input_tokens=float(_count("".join(given), kind) + wrapped),
        output_tokens=float(_count("".join(made), kind)),
        source="partial" if partial else "recounted",
        reported_input=math.nan,
        reported_output=math.nan,
    )


def _answered(answer: bytes) -> list[str]:
    """What the model wrote, out of a whole answer or the events of a stream."""
    if answer.lstrip().startswith(b"{"):
        return _written(_json(answer))
    found: list[str] = []
    for line in answer.split(b"\n"):
        if line.startswith(b"data:"):
            found += _written(_json(line[5:]))
    return found


def _written(part: dict[str, Any]) -> list[str]:
    if isinstance(part.get("delta"), str):
        return [part["delta"]]
    found: list[str] = []
    for choice in part.get("choices") or ():
        said = choice.get("delta") or choice.get("message") or choice
        found += [said[key] for key in ("content", "text", "reasoning_content", "refusal")
                  if isinstance(said.get(key), str)]  # fmt: skip
        found += [json.dumps(call) for call in said.get("tool_calls") or ()]
    found += _texts(part.get("output"))
    return found


def _texts(value: Any) -> list[str]:
    """Every text below, roles and types left out."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        skipped = ("role", "type", "id", "status", "object")
        return [text for k, v in value.items() if k not in skipped for text in _texts(v)]
    return []


def _json(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(text: str, encoding: Encoding) -> int:
    clean = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    return count_tokens(clean, encoding) if clean else 0
