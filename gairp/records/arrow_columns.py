"""Values of a column as an Arrow array, and back, bit for bit.

string, label, bytes, bool, int64, float64    with "?" they may be null; a label repeats
vector                                        little-endian float64 bytes <-> list<float64>
floats, labels                                tuples of numbers or names
texts, numbers, vectors                       mappings from a name
ended                                         attempts of an outcome
any                                           JSON; what JSON cannot carry is msgpack in it
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np

from gairp.records.events import Ended

_MSGPACK = "$msgpack"


def arrow_type(name: str) -> Any:
    """The Arrow type of a column's type."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    ended = pa.struct(
        [("decision_id", text), ("call_id", text), ("cost_usd", number), ("calls", pa.int64())]
    )
    return {
        "string": text,
        "label": pa.dictionary(pa.int32(), text),
        "bytes": pa.binary(),
        "bool": pa.bool_(),
        "int64": pa.int64(),
        "float64": number,
        "vector": pa.list_(number),
        "floats": pa.list_(number),
        "labels": pa.list_(text),
        "texts": pa.map_(text, text),
        "numbers": pa.map_(text, number),
        "vectors": pa.map_(text, pa.list_(number)),
        "ended": pa.list_(ended),
        "any": text,
    }[name.rstrip("?")]


def dictionary_paths(name: str, type_name: str) -> list[str]:
    """The Parquet columns of this one whose values repeat.

    Never numbers: a dictionary takes all NaNs for one.
    """
    paths = {
        "label": [name],
        "labels": [f"{name}.list.element"],
        "texts": [f"{name}.key_value.key"],
    }
    return paths.get(type_name.rstrip("?"), [])


def to_array(type_name: str, values: Sequence[Any]) -> Any:
    """The Arrow array of these values; pyarrow's errors pass through."""
    import pyarrow as pa

    if type_name == "float64":
        return pa.array(np.array(values, dtype=np.float64))
    plain = type_name.rstrip("?")
    if plain == "vector":
        return _vectors_to_lists(values)
    prepare = _PREPARE.get(plain)
    prepared = values if prepare is None else list(map(prepare, values))
    return pa.array(prepared, type=arrow_type(plain))


def from_array(type_name: str, column: Any) -> list[Any]:
    """The values that `to_array` was given."""
    plain = type_name.rstrip("?")
    if plain == "vector":
        return [part for chunk in column.chunks for part in _lists_to_vectors(chunk)]
    values: list[Any] = column.to_pylist()
    restore = _RESTORE.get(plain)
    if restore is None:
        return values
    return [None if value is None and plain != "any" else restore(value) for value in values]


def _vectors_to_lists(values: Sequence[bytes | None]) -> Any:
    import pyarrow as pa

    lengths = [len(value or b"") // 8 for value in values]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    flat = np.frombuffer(b"".join(value or b"" for value in values), dtype="<f8")
    missing = np.array([value is None for value in values], dtype=bool)
    return pa.ListArray.from_arrays(offsets, pa.array(flat), mask=pa.array(missing))


def _lists_to_vectors(chunk: Any) -> list[bytes | None]:
    flat = chunk.values.to_numpy(zero_copy_only=False)
    data, offsets = flat.astype("<f8", copy=False).tobytes(), chunk.offsets.to_pylist()
    valid = chunk.is_valid().to_pylist()
    return [
        data[8 * start : 8 * stop] if there else None
        for there, start, stop in zip(valid, offsets, offsets[1:], strict=False)
    ]


def _floats(data: bytes) -> list[float]:
    values: list[float] = np.frombuffer(data, dtype="<f8").tolist()
    return values


def _any_to_text(value: Any) -> str | None:
    if value is None:
        return None
    packed, text = msgspec.msgpack.encode(value), b""
    if not (isinstance(value, dict) and _MSGPACK in value):
        try:
            text = msgspec.json.encode(value)
            if msgspec.msgpack.encode(msgspec.json.decode(text)) == packed:
                return text.decode()
        except (msgspec.MsgspecError, TypeError, ValueError):
            pass
    return msgspec.json.encode({_MSGPACK: b64encode(packed).decode()}).decode()


def _text_to_any(text: str | None) -> Any:
    if text is None:
        return None
    value = msgspec.json.decode(text)
    if isinstance(value, dict) and _MSGPACK in value:
        return msgspec.msgpack.decode(b64decode(value[_MSGPACK]))
    return value


_PREPARE: dict[str, Callable[[Any], Any]] = {
    "labels": list,
    "texts": lambda mapping: list(mapping.items()),
    "numbers": lambda mapping: list(mapping.items()),
    "vectors": lambda mapping: [(name, _floats(data)) for name, data in mapping.items()],
    "ended": lambda attempts: [msgspec.structs.asdict(attempt) for attempt in attempts],
    "any": _any_to_text,
}
_RESTORE: dict[str, Callable[[Any], Any]] = {
    "floats": tuple,
    "labels": tuple,
    "texts": dict,
    "numbers": dict,
    "vectors": lambda items: {
        name: np.array(values, dtype="<f8").tobytes() for name, values in items
    },
    "ended": lambda attempts: tuple(Ended(**attempt) for attempt in attempts),
    "any": _text_to_any,
}
