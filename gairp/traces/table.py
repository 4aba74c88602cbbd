"""A table as it came from a file: its columns, and the row number of each row in the file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import BadRowError, DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: How text files write a number that is not there, lower case.
MISSING = ("", "nan", "null", "none", "na", "n/a")


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A text column, each distinct value held once."""

    codes: Ints  #: [m], index into `values`; -1 where the value is missing
    values: tuple[str, ...]

    def at(self, i: int) -> str | None:
        """The value of row `i`."""
        code = int(self.codes[i])
        return None if code < 0 else self.values[code]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one file."""

    file: str
    names: tuple[str, ...]  #: every column of the file, also those that were not loaded
    data: Any  #: pyarrow.Table of the columns that were loaded
    rows: Ints  #: [m], data rows of the file counted from 1
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def filter(self, mask: NDArray[np.bool_]) -> Table:
        """The rows where `mask` holds."""
        import pyarrow as pa

        return replace(self, data=self.data.filter(pa.array(mask)), rows=self.rows[mask])

    def bad(self, i: int, column: str, value: object, problem: str, remedy: str) -> BadRowError:
        """The error for row `i` of this table."""
        row = int(self.rows[i])
        return BadRowError(
            file=self.file, row=row, column=column, value=value, problem=problem, remedy=remedy
        )

    def text(self, column: str) -> TextColumn:
        """A column as text; numbers are spelled out. Raises DataError for lists and the like."""
        import pyarrow as pa

        try:
            plain = _decoded(self.data[column]).cast(pa.large_string())
        except pa.ArrowException as error:
            kind = self.data[column].type
            raise DataError(
                f"{self.file}: column {column!r} holds {kind}, not text; map another column to it"
            ) from error
        coded = plain.combine_chunks().dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return TextColumn(codes, tuple(coded.dictionary.to_pylist()))

    def key(self, column: str) -> TextColumn:
        """A text column that every row must fill. Raises BadRowError at the first gap."""
        keys = self.text(column)
        absent = keys.codes < 0
        if "" in keys.values:
            absent |= keys.codes == keys.values.index("")
        if absent.any():
            i = int(np.argmax(absent))
            remedy = "give every row its value, or remove the row"
            raise self.bad(i, column, keys.at(i), "the value is missing", remedy)
        return keys

    def numbers(self, column: str) -> Floats:
        """A column as float64, NaN where it is missing. Raises BadRowError for anything else."""
        import pyarrow as pa
        from pyarrow import types

        plain = _decoded(self.data[column])
        kind = plain.type
        if types.is_string(kind) or types.is_large_string(kind):
            return self._parsed(column, plain)
        if types.is_boolean(kind):
            plain = plain.cast(pa.uint8())
        elif types.is_float32(kind) or types.is_float16(kind):
            # the shortest decimal: 0.1 as float32 is 0.1, the same number that a CSV would give
            plain = plain.cast(pa.float32()).cast(pa.string())
        elif not (types.is_null(kind) or _is_number(kind)):
            remedy = f"make it a number column (it is {kind}), or map another column to the field"
            raise self.bad(0, column, plain[0].as_py(), "is not a number", remedy)
        return _floats(plain.cast(pa.float64(), safe=False))

    def _parsed(self, column: str, plain: Any) -> Floats:
        import pyarrow as pa
        from pyarrow import compute

        trimmed = compute.utf8_trim_whitespace(plain)
        gaps = compute.is_in(compute.utf8_lower(trimmed), value_set=pa.array(MISSING, plain.type))
        filled = compute.if_else(gaps, pa.scalar(None, plain.type), trimmed)
        try:
            return _floats(filled.cast(pa.float64()))
        except pa.ArrowInvalid:
            return self._parsed_one_by_one(column, filled.to_pylist())

    def _parsed_one_by_one(self, column: str, texts: Sequence[str | None]) -> Floats:
        numbers = np.empty(len(texts))
        for i, text in enumerate(texts):
            number = math.nan if text is None else _number(text)
            if number is None:
                remedy = "correct the value, or map another column to the field"
                raise self.bad(i, column, text, "is not a number", remedy)
            numbers[i] = number
        return numbers


def _number(text: str) -> float | None:
    flag = {"true": 1.0, "false": 0.0}.get(text.lower())
    if flag is not None or "_" in text:
        return flag
    try:
        return float(text)
    except ValueError:
        return None


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _decoded(column: Any) -> Any:
    """The column with dictionary encoding undone."""
    from pyarrow import types

    if types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _floats(column: Any) -> Floats:
    import pyarrow as pa

    filled = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    numbers = filled.fill_null(math.nan).to_numpy(zero_copy_only=False)
    return np.array(numbers, dtype=np.float64)
