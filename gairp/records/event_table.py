"""Events of one kind and learner as an Arrow table, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, reduce
from typing import Any, get_args, get_type_hints

import msgspec

from gairp.errors import DataError
from gairp.records.arrow_columns import arrow_type, dictionary_paths, from_array, to_array
from gairp.records.columns import KINDS, SEQ, TABLES, Column, kind_of
from gairp.records.events import SCHEMA_VERSION, Event

Numbered = tuple[int, Event]


def to_table(numbered: Sequence[Numbered]) -> Any:
    """The table of events that share a kind and a learner, which stand in its metadata.

    Raises DataError where a value does not fit its column.
    """
    import pyarrow as pa

    first = numbered[0][1]
    columns = TABLES[type(first)]
    schema = pa.schema(
        [pa.field(c.name, arrow_type(c.type), nullable=_nullable(c)) for c in (SEQ, *columns)],
        metadata={
            "gairp.kind": kind_of(type(first)),
            "gairp.learner": first.learner,
            "gairp.schema": str(SCHEMA_VERSION),
        },
    )
    arrays = [to_array(SEQ.type, [seq for seq, _ in numbered])]
    for column in columns:
        values = [reduce(_step, column.steps, event) for _, event in numbered]
        try:
            arrays.append(to_array(column.type, values))
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            raise DataError(
                f"events {numbered[0][0]} to {numbered[-1][0]}, {kind_of(type(first))}."
                f"{column.name}: a value does not fit a column of type {column.type} ({error}); "
                "mend what wrote it: these events cannot be compacted"
            ) from error
    return pa.Table.from_arrays(arrays, schema=schema)


def from_table(table: Any) -> Iterator[Numbered]:
    """The events of a table in its order, with their positions.

    A column that was added since it was written has the default of its field.
    """
    metadata = table.schema.metadata
    cls, learner = KINDS[metadata[b"gairp.kind"].decode()], metadata[b"gairp.learner"].decode()
    columns = tuple(c for c in TABLES[cls] if c.name in table.column_names)
    fields = _fields(cls, columns)
    values = [from_array(c.type, table.column(c.name)) for c in columns]
    for seq, *row in zip(table.column(SEQ.name).to_pylist(), *values, strict=True):
        yield seq, cls(learner=learner, **{name: made(row) for name, made in fields.items()})


def dictionaries(cls: type[Event]) -> list[str]:
    """The Parquet columns of a kind whose values repeat."""
    return [path for c in TABLES[cls] for path in dictionary_paths(c.name, c.type)]


def markdown() -> str:
    """The tables of the documentation."""
    lines: list[str] = []
    for cls, columns in TABLES.items():
        summary = (cls.__doc__ or "").strip().partition("\n")[0]
        lines += [f"**`kind={kind_of(cls)}`**: {summary}", ""]
        lines += ["| column | type | unit | meaning |", "|---|---|---|---|"]
        for c in (SEQ, *columns):
            lines.append(f"| `{c.name}` | {_shown(c)} | {c.unit} | {c.meaning} |")
        lines.append("")
    return "\n".join(lines)


def _shown(column: Column) -> str:
    name = str(arrow_type(column.type)).partition("<values=")[0].replace("double", "float64")
    return name.replace("item: ", "") + (" or null" if _nullable(column) else "")


def _nullable(column: Column) -> bool:
    return column.type.endswith("?") or column.type == "any"


def _step(value: Any, step: str | int) -> Any:
    if value is None:
        return None
    return value[step] if isinstance(step, int) else getattr(value, step)


class _Plain:
    """A field that is one column."""

    def __init__(self, index: int) -> None:
        self.index = index

    def __call__(self, row: Sequence[Any]) -> Any:
        return row[self.index]


class _Nested:
    """A field that is spread over several columns; it was None where its first column is null."""

    def __init__(self, cls: type[Any] | None, parts: Sequence[tuple[str | int, int]]) -> None:
        self.cls, self.parts = cls, parts

    def __call__(self, row: Sequence[Any]) -> Any:
        if row[self.parts[0][1]] is None:
            return None
        if self.cls is None:
            return tuple(row[index] for _, index in self.parts)
        return self.cls(**{str(step): row[index] for step, index in self.parts})


@cache
def _fields(cls: type[Event], columns: tuple[Column, ...]) -> dict[str, _Plain | _Nested]:
    """How each field of an event is made of the row of its columns."""
    hints = get_type_hints(cls)
    places: dict[str, list[tuple[str | int, int]]] = {}
    for index, column in enumerate(columns):
        name, *rest = column.steps
        places.setdefault(str(name), []).append((rest[0] if rest else "", index))
    return {
        name: _Plain(parts[0][1]) if parts[0][0] == "" else _Nested(_struct(hints[name]), parts)
        for name, parts in places.items()
    }


def _struct(hint: Any) -> type[Any] | None:
    """The struct of a type such as `Budget | None`; None for a tuple."""
    for each in (hint, *get_args(hint)):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None
