"""Reading a trace that is larger than memory, prompt by prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from gairp.errors import BadRowError, UnknownNameError
from gairp.traces.adapters import distinct_arms, wanted_columns
from gairp.traces.batch import Batch, batch_of
from gairp.traces.cells import Cells
from gairp.traces.columns import ColumnName, Columns
from gairp.traces.files import iter_tables
from gairp.traces.layout import Layout, Signals, signal_columns
from gairp.traces.prompt_walk import PromptEntry, PromptWalk
from gairp.traces.scale import Scale
from gairp.traces.seen import SeenIds
from gairp.traces.table import Floats
from gairp.traces.trace import QUANTITIES, TraceRow
from gairp.traces.validate import check_pairs, check_values, torn_quantity
from gairp.traces.where import Where, agreeing_rows, check_where

Order = Literal["clustered", "sorted"]
ORDERS = ("clustered", "sorted")


def stream_rows(
    outcomes: Path | str,
    arms: Sequence[str],
    prompts: Path | str | None = None,
    *,
    columns: Columns | Mapping[str, ColumnName] | None = None,
    layout: Layout = "long",
    signals: Signals = (),
    where: Where | None = None,
    score_range: tuple[float, float] = (0.0, 1.0),
    order: Order = "clustered",
    batch_rows: int = 8192,
) -> Iterator[TraceRow]:
    """The prompts of a table in file order, each with its [k] outcomes; memory holds a batch.

    All rows of a prompt must stand together ("clustered": the check keeps 16 to 32 bytes a
    prompt), or ids must ascend as text ("sorted": the check keeps one id). Texts come from the
    outcomes, or from a prompts table in the same order (up to 50,000 prompts that come early are
    kept; it may hold further ones). `where` looks at the outcomes. A prompt without any row of
    these arms is passed over.

    Checked as by `read_trace`, batch by batch, so an error in row one million is raised after the
    prompts before it were given. Raises DataError too for a prompt whose rows do not stand
    together and, at the end, UnknownNameError for an arm that never occurred.
    """
    if order not in ORDERS:
        raise UnknownNameError("order of the stream", order, ORDERS)
    names, mapping, extra = distinct_arms(arms) or (), Columns.of(columns), signal_columns(signals)
    scale = Scale(lowest=score_range[0], highest=score_range[1])
    walk = None if prompts is None else PromptWalk(str(prompts), mapping, batch_rows=batch_rows)
    finisher = _Finisher(names, scale, order, walk)
    wanted = wanted_columns(mapping, layout, extra, where)

    def rows() -> Iterator[TraceRow]:
        held: Batch | None = None
        for number, table in enumerate(iter_tables(outcomes, wanted, batch_rows=batch_rows)):
            if where and not number:
                check_where(where, table)
            kept = agreeing_rows(table, where or {})
            if len(kept):
                batch = batch_of(layout, kept, mapping, extra, names)
                closed, held = (held.followed_by(batch) if held else batch).cut_last()
                yield from finisher.rows(closed)
        if held is not None:
            yield from finisher.rows(held)
        finisher.end(str(outcomes))

    return rows()


class _Finisher:
    """Checks whole prompts and makes rows of them; remembers what a later batch must agree with."""

    def __init__(
        self, arms: tuple[str, ...], scale: Scale, order: str, walk: PromptWalk | None
    ) -> None:
        self._scale, self._walk, self._arms = scale, walk, arms
        self._seen = SeenIds() if order == "clustered" else None
        self._last: str | None = None
        self._occurred = np.zeros(len(arms), dtype=np.bool_)
        unknown = {field: np.zeros((2, len(arms)), dtype=np.bool_) for field in QUANTITIES}
        self._known = unknown  #: quantity -> [lacks it, has it] of each arm

    def rows(self, batch: Batch) -> Iterator[TraceRow]:
        """The rows of a batch of whole prompts."""
        self._check_order(batch)
        cells = batch.cells
        check_pairs(cells, batch.ids, batch.key)
        check_values(cells)
        self._check_whole_arms(cells)
        cells, _ = self._scale.apply(cells)
        self._occurred[cells.arm] = True
        tables = cells.matrices(len(batch.ids))
        answered = np.flatnonzero(~np.isnan(tables["score"]).all(axis=1))
        present = [field for field in QUANTITIES if self._known[field][1].any()]
        for i in answered.tolist():
            yield self._row(batch, i, tables, present)

    def end(self, file: str) -> None:
        """Raises UnknownNameError for an arm that did not occur."""
        known = [arm for arm, here in zip(self._arms, self._occurred, strict=True) if here]
        for arm in self._arms:
            if arm not in known:
                raise UnknownNameError(f"arm of {file}", arm, known)

    def _row(
        self, batch: Batch, i: int, tables: Mapping[str, Floats], present: Sequence[str]
    ) -> TraceRow:
        entry = None if self._walk is None else self._walk.find(batch.ids[i])
        told = {field: values[i] for field, values in batch.told.items()}
        quantities = {field: tables[field][i] for field in present if field in tables}
        score = tables["score"][i]
        if entry is not None:
            told.update(_entry_fields(entry))
            if "input_tokens" not in quantities and entry.input_tokens is not None:
                quantities["input_tokens"] = np.where(np.isnan(score), np.nan, entry.input_tokens)
        return TraceRow(
            prompt_id=batch.ids[i],
            prompt=told.get("prompt", ""),
            category=told.get("category", ""),
            score=score,
            quantities=quantities,
            signals={f: t[i] for f, t in tables.items() if f not in ("score", *QUANTITIES)},
            split=told.get("split"),
        )

    def _check_order(self, batch: Batch) -> None:
        for prompt_id, row in zip(batch.ids, batch.rows.tolist(), strict=True):
            if self._seen is not None:
                good = self._seen.add(prompt_id)
                problem = "its rows do not stand together: the prompt came before"
            else:
                good = self._last is None or prompt_id > self._last
                problem = f"it stands behind {self._last!r}, so the ids do not ascend"
            self._last = prompt_id
            if not good:
                raise BadRowError(
                    file=batch.cells.file,
                    row=row,
                    column=batch.key,
                    value=prompt_id,
                    problem=problem,
                    remedy="sort the file by prompt id, or read it whole with read_trace",
                )

    def _check_whole_arms(self, cells: Cells) -> None:
        """As `check_whole_arms`, but over all batches so far."""
        for field in QUANTITIES:
            has = ~np.isnan(cells.values.get(field, np.full(len(cells), np.nan)))
            known = self._known[field]
            known[has.astype(np.int64), cells.arm] = True
            torn = (known[0] & known[1])[cells.arm]
            if torn.any():
                i = int(np.argmax(torn & ~has)) if (torn & ~has).any() else int(np.argmax(torn))
                raise torn_quantity(cells, i, field, "in some rows")


def _entry_fields(entry: PromptEntry) -> dict[str, str]:
    fields = {"prompt": entry.prompt, "category": entry.category, "split": entry.split}
    return {field: value for field, value in fields.items() if value is not None}
