"""Server-sent events, and templates of those that differ in one text only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

_HOLE = "\x00hole\x00"
_MARK = msgspec.json.encode(_HOLE)
_encode = msgspec.json.encode
DONE = b"data: [DONE]\n\n"


def event(data: Any, name: str | None = None) -> bytes:
    """One event; with a name, an `event:` line comes first."""
    first = f"event: {name}\n".encode() if name else b""
    return b"%bdata: %b\n\n" % (first, _encode(data))


def template(make: Callable[[str], Any], name: str | None = None) -> Callable[[str], bytes]:
    """What `event(make(text), name)` gives, with everything but the text encoded once."""
    before, after = event(make(_HOLE), name).split(_MARK)

    def fill(text: str) -> bytes:
        return b"%b%b%b" % (before, _encode(text), after)

    return fill
