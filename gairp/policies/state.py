"""A policy's state as bytes: msgpack with float64/int64 arrays, no pickle."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from gairp.errors import StateError

_ARRAY = 1


def pack(state: dict[str, Any]) -> bytes:
    """Encode dicts, lists, strings, numbers, bytes and numpy arrays."""
    return msgspec.msgpack.encode(state, enc_hook=_encode)


def unpack(data: bytes) -> dict[str, Any]:
    """Decode what `pack` made; raises StateError for anything else."""
    try:
        state = msgspec.msgpack.decode(data, ext_hook=_decode)
    except (msgspec.DecodeError, TypeError, ValueError) as error:
        raise StateError(f"this is no saved policy state: {error}; save it anew") from error
    if not isinstance(state, dict):
        raise StateError("this is no saved policy state: it holds no fields; save it anew")
    return state


def _encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        header = msgspec.msgpack.encode((value.dtype.str, value.shape))
        body = np.ascontiguousarray(value).tobytes()
        return msgspec.msgpack.Ext(_ARRAY, len(header).to_bytes(4, "little") + header + body)
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"a policy state cannot hold a {type(value).__name__}")


def _decode(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code}")
    size = int.from_bytes(data[:4], "little")
    dtype, shape = msgspec.msgpack.decode(data[4 : 4 + size])
    return np.frombuffer(bytes(data[4 + size :]), dtype=dtype).reshape(shape).copy()
