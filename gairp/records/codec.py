"""Events as msgpack and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gairp.errors import DataError
from gairp.records.events import Event

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


def encoded(event: Event) -> bytes:
    """The payload of an event.

    Half of a surrogate pair, which JSON may carry and no text can, becomes U+FFFD: an answer must
    not go unlogged for it.
    """
    try:
        return _ENCODER.encode(event)
    except UnicodeEncodeError:
        mended = _mended(msgspec.to_builtins(event, builtin_types=(bytes,)))
        return _ENCODER.encode(mended)


def encoded_all(events: Sequence[Event]) -> list[bytes]:
    """The payloads of events, as `encoded`."""
    try:
        return list(map(_ENCODER.encode, events))
    except UnicodeEncodeError:
        return list(map(encoded, events))


def decoded(payload: bytes) -> Event:
    """The event of a payload; DataError where it is none of this schema."""
    try:
        return _DECODER.decode(payload)
    except msgspec.MsgspecError as error:
        raise DataError(
            f"no event of this schema: {error}; read it with the GAIRP that wrote it"
        ) from error


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(k): _mended(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in value]
    return value
