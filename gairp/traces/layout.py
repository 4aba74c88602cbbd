"""The long and the wide layout of outcomes, as cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from gairp.errors import ConfigError, UnknownNameError
from gairp.traces.cells import Cells
from gairp.traces.columns import Columns, missing_column
from gairp.traces.table import Floats, Table, TextColumn
from gairp.traces.trace import QUANTITIES

Layout = Literal["long", "wide"]
LAYOUTS = ("long", "wide")
Signals = Sequence[str] | Mapping[str, str]  #: names, or name -> column (wide: pattern)

_ARM = "{arm}"


def signal_columns(signals: Signals) -> dict[str, str]:
    """Signal -> column. Raises ConfigError for a signal named like a field of the schema."""
    named = dict(signals) if isinstance(signals, Mapping) else {name: name for name in signals}
    for name in named:
        if name in ("score", *QUANTITIES):
            raise ConfigError(
                f"signals: {name!r} is a field of its own; map it with columns.{name}"
            )
    return named


def cells_of(
    layout: str,
    table: Table,
    ids: TextColumn,
    columns: Columns,
    signals: Mapping[str, str],
    arms: tuple[str, ...] | None,
) -> Cells:
    """The pairs of `table`, whose rows belong to the prompts `ids`; `prompt` indexes `ids.values`.

    Without `arms`: all that occur, sorted. Rows and columns of other arms are left aside. Raises
    ConfigError for an unknown layout, DataError and BadRowError for what the table lacks.
    """
    if layout == "long":
        return _long(table, ids, columns, signals, arms)
    if layout == "wide":
        return _wide(table, ids, columns, signals, arms)
    raise UnknownNameError("layout of the outcomes", layout, LAYOUTS)


def _long(
    table: Table,
    ids: TextColumn,
    columns: Columns,
    signals: Mapping[str, str],
    arms: tuple[str, ...] | None,
) -> Cells:
    name = columns.find("model", file=table.file, existing=table.names, required=True) or ""
    models = table.key(name)
    names = arms or tuple(sorted(models.values))
    places = {arm: i for i, arm in enumerate(names)}
    arm = np.array([places.get(value, -1) for value in models.values], dtype=np.int64)[models.codes]
    ours = table.filter(arm >= 0)
    fields = _long_fields(table, columns, signals)
    return Cells(
        file=table.file,
        arms=names,
        prompt=ids.codes[arm >= 0],
        arm=arm[arm >= 0],
        row=ours.rows,
        values={field: ours.numbers(column) for field, column in fields.items()},
        columns={field: (column,) * len(names) for field, column in fields.items()},
    )


def _long_fields(table: Table, columns: Columns, signals: Mapping[str, str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for field in ("score", *QUANTITIES):
        if field == "input_tokens":  # the prompts table may hold them instead
            column = columns.first(field, table.names)
        else:
            column = columns.find(
                field, file=table.file, existing=table.names, required=field == "score"
            )
        if column is not None:
            fields[field] = column
    for signal, column in signals.items():
        if column not in table.names:
            raise missing_column(signal, [column], file=table.file, existing=table.names)
        fields[signal] = column
    return fields


def _wide(
    table: Table,
    ids: TextColumn,
    columns: Columns,
    signals: Mapping[str, str],
    arms: tuple[str, ...] | None,
) -> Cells:
    names = arms or _arms_of(table, columns)
    places = {
        field: _wide_columns(table, field, columns, names) for field in ("score", *QUANTITIES)
    }
    for signal, pattern in signals.items():
        known = pattern if _ARM in pattern else f"{_ARM}_{pattern}"
        places[signal] = _matching(table, (known,), names)
        if not places[signal]:
            raise missing_column(signal, [known], file=table.file, existing=table.names)
    tables = {field: _wide_table(table, where, names) for field, where in places.items() if where}
    recorded = ~np.isnan(tables["score"])
    _check_unrecorded(table, recorded, tables, places, names)
    row, arm = np.nonzero(recorded)
    return Cells(
        file=table.file,
        arms=names,
        prompt=ids.codes[row],
        arm=arm,
        row=table.rows[row],
        values={field: numbers[row, arm] for field, numbers in tables.items()},
        columns={f: tuple(where.get(a, f) for a in names) for f, where in places.items()},
    )


def _patterns(columns: Columns, field: str) -> tuple[str, ...]:
    names = columns.names(field)
    return names if columns.chosen(field) else tuple(f"{_ARM}_{name}" for name in names)


def _arms_of(table: Table, columns: Columns) -> tuple[str, ...]:
    """The arms that the score columns name, sorted."""
    if isinstance(columns.score, Mapping):
        return tuple(sorted(columns.score))
    patterns = _patterns(columns, "score")
    for pattern in patterns:
        if _ARM not in pattern or pattern == _ARM:
            raise ConfigError(
                f"columns.score = {pattern!r} does not tell which columns are scores; name the "
                'arms with arms=(…), give a pattern as "{arm}_score", or one column an arm'
            )
        before, after = pattern.split(_ARM, 1)
        found = re.compile(re.escape(before) + "(.+)" + re.escape(after))
        arms = sorted(match[1] for name in table.names if (match := found.fullmatch(name)))
        if arms:
            return tuple(arms)
    raise missing_column("score", patterns, file=table.file, existing=table.names)


def _wide_columns(
    table: Table, field: str, columns: Columns, arms: tuple[str, ...]
) -> dict[str, str]:
    """Arm -> column of one field; arms that lack it are left out, but none may lack a score."""
    mapped = getattr(columns, field)
    if isinstance(mapped, Mapping):
        found = {arm: mapped[arm] for arm in arms if arm in mapped}
        absent = [column for column in found.values() if column not in table.names]
    else:
        patterns = _patterns(columns, field)
        shared = columns.first(field, table.names) if field == "input_tokens" else None
        found = _matching(table, patterns, arms) or (dict.fromkeys(arms, shared) if shared else {})
        absent = list(patterns) if columns.chosen(field) and patterns and not found else []
    if absent:
        raise missing_column(field, absent, file=table.file, existing=table.names)
    for arm in arms:
        if field == "score" and arm not in found:
            raise UnknownNameError(f"arm of {table.file}", arm, found)
    return found


def _matching(table: Table, patterns: Sequence[str], arms: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern in patterns:
        for arm in arms:
            column = pattern.replace(_ARM, arm)
            if column in table.names:
                found.setdefault(arm, column)
    return found


def _wide_table(table: Table, where: Mapping[str, str], arms: tuple[str, ...]) -> Floats:
    numbers = np.full((len(table), len(arms)), np.nan)
    for i, arm in enumerate(arms):
        if arm in where:
            numbers[:, i] = table.numbers(where[arm])
    return numbers


def _check_unrecorded(
    table: Table,
    recorded: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    tables: Mapping[str, Floats],
    places: Mapping[str, Mapping[str, str]],
    arms: tuple[str, ...],
) -> None:
    """Raises BadRowError where an arm has a cost, tokens out or a time but no score."""
    for field in ("output_tokens", "cost_usd", "ttft_s", "latency_s"):
        if field not in tables or len(set(places[field].values())) < len(places[field]):
            continue  # one column for all arms says nothing about one of them
        orphans = ~recorded & ~np.isnan(tables[field])
        if orphans.any():
            row, arm = (int(x[0]) for x in np.nonzero(orphans))
            column = places["score"][arms[arm]]
            problem = f"the score is missing where {places[field][arms[arm]]!r} has a value"
            raise table.bad(row, column, None, problem, "give both, or neither")
