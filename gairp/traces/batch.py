"""A stretch of an outcomes file, cut into runs of rows about one prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gairp.traces.cells import Cells
from gairp.traces.columns import Columns
from gairp.traces.layout import cells_of
from gairp.traces.sheet import SHEET_FIELDS, key_column, spread
from gairp.traces.table import Ints, Table, TextColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive prompts: neighbouring rows of the same id are one run."""

    key: str  #: column of the prompt id
    ids: tuple[str, ...]  #: one a run
    rows: Ints  #: data row of the file where each run starts
    told: Mapping[str, tuple[str, ...]]  #: prompt, category, split: what the outcomes say
    cells: Cells  #: `prompt` is the index of the run

    def followed_by(self, later: Batch) -> Batch:
        """This batch and the next of the file; a prompt cut in two becomes one run again."""
        same = int(self.ids[-1] == later.ids[0])
        blank = {field: ("",) * len(self.ids) for field in later.told}
        return Batch(
            key=self.key,
            ids=self.ids + later.ids[same:],
            rows=np.concatenate([self.rows, later.rows[same:]]),
            told={
                field: self.told.get(field, blank[field]) + later.told[field][same:]
                for field in later.told
            },
            cells=self.cells.followed_by(later.cells, len(self.ids) - same),
        )

    def cut_last(self) -> tuple[Batch, Batch]:
        """All runs but the last, which may go on in the next batch, and the last."""
        last = len(self.ids) - 1
        return self._runs(0, last), self._runs(last, last + 1)

    def _runs(self, start: int, stop: int) -> Batch:
        cells = self.cells.keep((self.cells.prompt >= start) & (self.cells.prompt < stop))
        return Batch(
            key=self.key,
            ids=self.ids[start:stop],
            rows=self.rows[start:stop],
            told={field: values[start:stop] for field, values in self.told.items()},
            cells=cells.shifted(-start),
        )


def batch_of(
    layout: str, table: Table, columns: Columns, signals: Mapping[str, str], arms: tuple[str, ...]
) -> Batch:
    """The batch of a table's rows. Raises as `cells_of` does."""
    key = key_column(columns, table)
    ids = table.key(key)
    new = np.ones(len(table), dtype=np.bool_)
    new[1:] = ids.codes[1:] != ids.codes[:-1]
    starts = np.flatnonzero(new)
    names = tuple(ids.values[code] for code in ids.codes[starts].tolist())
    runs = TextColumn(np.cumsum(new) - 1, names)
    told = {}
    for field in SHEET_FIELDS:
        column = columns.first(field, table.data.column_names)
        if column is not None:
            text = table.text(column)
            told[field] = spread(TextColumn(text.codes[starts], text.values))
    return Batch(
        key=key,
        ids=names,
        rows=table.rows[starts],
        told=told,
        cells=cells_of(layout, table, runs, columns, signals, arms),
    )
