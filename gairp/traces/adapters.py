"""Reading a trace from tables of the user's own: Parquet, CSV or JSON Lines, long or wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gairp.errors import ConfigError, UnknownNameError
from gairp.traces.assumption import assume_quantity
from gairp.traces.cells import Cells
from gairp.traces.columns import ColumnName, Columns, missing_column
from gairp.traces.duplicates import DEFAULT_THRESHOLD, duplicate_groups
from gairp.traces.files import read_table
from gairp.traces.join import Joined, join_tables
from gairp.traces.layout import Layout, Signals, cells_of, signal_columns
from gairp.traces.scale import Scale
from gairp.traces.sheet import unique_ids
from gairp.traces.table import Table
from gairp.traces.trace import QUANTITIES, Trace
from gairp.traces.validate import check_pairs, check_values, check_whole_arms
from gairp.traces.where import Where


def read_trace(
    outcomes: Path | str,
    prompts: Path | str | None = None,
    *,
    columns: Columns | Mapping[str, ColumnName] | None = None,
    layout: Layout = "long",
    name: str | None = None,
    arms: Sequence[str] | None = None,
    signals: Signals = (),
    where: Where | None = None,
    assume: Mapping[str, float] | None = None,
    score_range: tuple[float, float] = (0.0, 1.0),
    clip: bool = False,
    duplicate_threshold: float | None = DEFAULT_THRESHOLD,
) -> Trace:
    """The trace of one or two tables; the fields are those of `docs/trace_schema.md`.

    `arms` chooses and orders the arms (default: all, sorted by name). `where` keeps the rows that
    agree with it, in both tables. `assume` fills quantities that the source lacks and notes it.
    `duplicate_threshold` is the Jaccard similarity from which prompts are near-duplicates; None
    makes every prompt a group of its own.

    Raises BadRowError and DataError as the schema says, ConfigError for a wrong argument.
    """
    mapping, extra = Columns.of(columns), signal_columns(signals)
    scale = Scale(lowest=score_range[0], highest=score_range[1], clip=clip)
    wanted = wanted_columns(mapping, layout, extra, where)
    table = read_table(outcomes, wanted)
    about = None if prompts is None else read_table(prompts, wanted)

    joined = join_tables(table, about, mapping, where)
    if layout == "wide":
        unique_ids(joined.outcomes, joined.key)
    cells = cells_of(layout, joined.outcomes, joined.ids, mapping, extra, distinct_arms(arms))
    _check(cells, joined, mapping)
    cells, notes = scale.apply(cells)
    notes = (*_estimates(cells), *table.notes, *(about.notes if about else ()), *notes)
    trace = _assembled(name or Path(outcomes).name.split(".")[0], cells, joined, mapping, notes)
    if duplicate_threshold is not None:
        groups = duplicate_groups(trace.prompts, threshold=duplicate_threshold)
        trace = replace(trace, groups=groups)
    for quantity, value in (assume or {}).items():
        trace = assume_quantity(trace, quantity, value)
    return trace


def wanted_columns(
    columns: Columns, layout: str, signals: Mapping[str, str], where: Where | None
) -> Callable[[str], bool]:
    """Whether to load a column: all of a wide table, in a long one those that are mapped."""
    if layout == "wide":
        return lambda _: True
    names = {name for field in columns.fields() for name in columns.names(field)}
    names |= {*signals.values(), *(where or {})}
    return names.__contains__


def distinct_arms(arms: Sequence[str] | None) -> tuple[str, ...] | None:
    """The arms as a tuple. Raises ConfigError for none at all, or one named twice."""
    if arms is None:
        return None
    names = tuple(arms)
    twice = [name for name in names if names.count(name) > 1]
    if twice or not names:
        what = f"{twice[0]!r} is named twice" if twice else "the list is empty"
        raise ConfigError(f"arms: {what}; name each arm of the pool once")
    return names


def _check(cells: Cells, joined: Joined, columns: Columns) -> None:
    known = {cells.arms[i] for i in np.unique(cells.arm).tolist()}
    for arm in cells.arms:
        if arm not in known:
            model = columns.first("model", joined.outcomes.names)
            others = joined.outcomes.text(model).values if model else known
            raise UnknownNameError(f"arm of {cells.file}", arm, others)
    check_pairs(cells, joined.ids.values, joined.key)
    check_values(cells)
    check_whole_arms(cells)


def _assembled(
    name: str, cells: Cells, joined: Joined, columns: Columns, notes: tuple[str, ...]
) -> Trace:
    sheet = joined.sheet
    tables = cells.matrices(len(sheet.ids), joined.index)
    score = tables.pop("score")
    if "input_tokens" not in tables and sheet.input_tokens is not None:
        known = np.where(np.isnan(score), np.nan, sheet.input_tokens[:, None])
        tables["input_tokens"] = known
    if columns.chosen("input_tokens") and columns.names("input_tokens"):
        _require_input_tokens(tables, columns, joined.outcomes)
    recorded = {field: t for field, t in tables.items() if not np.isnan(t).all()}
    return Trace(
        name=name,
        arms=cells.arms,
        prompt_ids=sheet.ids,
        prompts=sheet.texts,
        categories=sheet.categories,
        score=score,
        quantities={field: recorded[field] for field in QUANTITIES if field in recorded},
        groups=np.arange(len(sheet.ids), dtype=np.int64),
        splits=sheet.splits,
        signals={field: table for field, table in tables.items() if field not in QUANTITIES},
        notes=notes,
    )


def _require_input_tokens(tables: Mapping[str, object], columns: Columns, table: Table) -> None:
    if "input_tokens" not in tables:
        names = columns.names("input_tokens")
        raise missing_column("input_tokens", names, file=table.file, existing=table.names)


def _estimates(cells: Cells) -> tuple[str, ...]:
    """What is an estimate by the name of its column."""
    if np.isnan(cells.values.get("cost_usd", np.nan)).all():
        return ()
    names = sorted({name for name in cells.columns["cost_usd"] if name.endswith("_est")})
    return tuple(f"estimated: cost_usd = {name}" for name in names)
