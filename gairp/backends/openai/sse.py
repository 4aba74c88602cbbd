"""Server-sent events out of bytes, as they come."""

from __future__ import annotations

from typing import NamedTuple

from gairp.backends.openai.broken import BrokenAnswerError

_LARGEST = 16 * 2**20


class Event(NamedTuple):
    """One event; `name` is that of its `event:` line, or "error" of llama.cpp's `error:` line."""

    data: bytes
    name: bytes = b""


class EventReader:
    """Splits a stream into events; comments and keep-alives are passed over.

    Follows the HTML standard's event streams, but for an event at the very end without its empty
    line, which `end` gives too: many servers leave that line out after `[DONE]`.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete with these bytes. Raises BrokenAnswerError past 16 MiB."""
        data = self._rest + data
        if b"\r" in data:
            # A pair may be torn between two reads, so its first half waits for the second.
            torn = data.endswith(b"\r")
            data = data.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            data += b"\r" if torn else b""
        *blocks, self._rest = data.split(b"\n\n")
        if len(self._rest) > _LARGEST:
            raise BrokenAnswerError("malformed", "an event does not end within 16 MiB")
        return [event for block in blocks if (event := _event(block)) is not None]

    def end(self) -> list[Event]:
        """What is left when no more bytes come; it may be torn."""
        event = _event(self._rest.replace(b"\r", b"\n"))
        self._rest = b""
        return [] if event is None else [event]


def _event(block: bytes) -> Event | None:
    if block.startswith(b"data: ") and b"\n" not in block:
        return Event(block[6:])
    return _lines(block)


def _lines(block: bytes) -> Event | None:
    data: list[bytes] = []
    name = b""
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field == b"error":
            data.append(value)
            name = b"error"
    return Event(b"\n".join(data), name) if data else None
