"""Server-sent events, and templates of those that differ in a text and a number only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

_TEXT, _NUMBER = "\x00text\x00", 918_273_645_546_372
_encode = msgspec.json.encode
DONE = b"data: [DONE]\n\n"


def event(data: Any, name: str | None = None) -> bytes:
    """One event; with a name, an `event:` line comes first."""
    first = f"event: {name}\n".encode() if name else b""
    return b"%bdata: %b\n\n" % (first, _encode(data))


def template(make: Callable[[str], Any], name: str | None = None) -> Callable[[str], bytes]:
    """What `event(make(text), name)` gives, with everything but the text encoded once."""
    before, after = event(make(_TEXT), name).split(_encode(_TEXT))

    def fill(text: str) -> bytes:
        return b"%b%b%b" % (before, _encode(text), after)

    return fill


def numbered_template(make: Callable[[int, str], Any], name: str) -> Callable[[int, str], bytes]:
    """What `event(make(number, text), name)` gives; in the event the number comes first."""
    before, rest = event(make(_NUMBER, _TEXT), name).split(b"%d" % _NUMBER)
    between, after = rest.split(_encode(_TEXT))

    def fill(number: int, text: str) -> bytes:
        return b"%b%d%b%b%b" % (before, number, between, _encode(text), after)

    return fill
