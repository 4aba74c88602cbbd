"""Write an ONNX model: the few messages of the format that a feed-forward graph needs.

ONNX files are protocol buffers. Field numbers are those of onnx.proto (IR version 9). Written here
because the package `onnx` would be a heavy dependency for what is a hundred lines.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

FLOAT, INT64 = 1, 7  # TensorProto.DataType
_IR_VERSION = 9
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}

Attribute = int | float | list[int]


def node(kind: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> bytes:
    """A NodeProto with one output."""
    return _join(
        *(_text(1, name) for name in inputs),
        _text(2, output),
        _text(4, kind),
        *(_bytes(5, _attribute(name, value)) for name, value in attributes.items()),
    )


def tensor(name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> bytes:
    """A TensorProto: a constant of the graph."""
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return _join(
        *(_number(1, size) for size in values.shape),
        _number(2, _TYPES[values.dtype]),
        _text(8, name),
        _bytes(9, little.tobytes()),
    )


def value(name: str, element: int, shape: Sequence[int | str]) -> bytes:
    """A ValueInfoProto: an input or output; a size that is a name may vary."""
    sizes = (_number(1, size) if isinstance(size, int) else _text(2, size) for size in shape)
    dimensions = _join(*(_bytes(1, size) for size in sizes))
    return _join(
        _text(1, name), _bytes(2, _bytes(1, _join(_number(1, element), _bytes(2, dimensions))))
    )


def model(
    *,
    nodes: Iterable[bytes],
    constants: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    opset: int,
) -> bytes:
    """A ModelProto, as onnxruntime loads it."""
    graph = _join(
        *(_bytes(1, one) for one in nodes),
        _text(2, "graph"),
        *(_bytes(5, one) for one in constants),
        *(_bytes(11, one) for one in inputs),
        *(_bytes(12, one) for one in outputs),
    )
    return _join(_number(1, _IR_VERSION), _bytes(7, graph), _bytes(8, _number(2, opset)))


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return _join(_text(1, name), _tag(2, 5), struct.pack("<f", value), _number(20, 1))
    if isinstance(value, int):
        return _join(_text(1, name), _number(3, value), _number(20, 2))
    return _join(_text(1, name), *(_number(8, one) for one in value), _number(20, 7))


def _number(field: int, value: int) -> bytes:
    # A negative number is written as its two's complement in 64 bits.
    return _tag(field, 0) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _join(_tag(field, 2), _varint(len(value)), value)


def _tag(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _join(*parts: bytes) -> bytes:
    return b"".join(parts)
