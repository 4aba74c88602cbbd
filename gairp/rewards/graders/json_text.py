"""JSON in what a model wrote: bare, in a fence, or with words around it."""

from __future__ import annotations

import json
import re
from typing import Any

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_STARTS = re.compile(r"[{\[]")
#: Values tried from successive brackets; a text of brackets alone must not take long.
_TRIES = 20


class NoJsonError(ValueError):
    """The text holds no JSON value that Python can read."""


def find_json(text: str) -> Any:
    """The whole text as JSON, else the first fenced block, else the first object or array in it.

    Raises NoJsonError where there is none: also for numbers of thousands of digits and for deep
    nesting, which Python refuses to read, and for NaN and Infinity, which are no JSON.
    """
    fenced = _FENCE.search(text)
    candidates = [text, *([fenced.group(1)] if fenced else [])]
    for candidate in candidates:
        try:
            return _decoder().decode(candidate.strip())
        except (ValueError, RecursionError):
            continue
    for match in list(_STARTS.finditer(text))[:_TRIES]:
        try:
            return _decoder().raw_decode(text, match.start())[0]
        except (ValueError, RecursionError):
            continue
    raise NoJsonError("no JSON value in the response")


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
