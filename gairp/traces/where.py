"""Row filters: `where={"dataset": "mmlu", "contaminated": False}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gairp.errors import DataError
from gairp.traces.table import Table

Wish = str | bool | int | float
Where = Mapping[str, Wish | Sequence[Wish]]  #: column -> the value, or the values, to keep

_FLAGS = {"true": "true", "false": "false", "1": "true", "0": "false", "yes": "true", "no": "false"}


def agreeing_rows(table: Table, where: Where) -> Table:
    """The rows that agree with every filter whose column this table has; perhaps none."""
    for column, wish in where.items():
        if column in table.data.column_names:
            table = table.filter(_mask(table, column, wish))
    return table


def keep_rows(table: Table, where: Where) -> Table:
    """As `agreeing_rows`; raises DataError, with the values that occur, where nothing is left."""
    for column, wish in where.items():
        kept = agreeing_rows(table, {column: wish})
        if not len(kept):
            seen = sorted(value for value in set(table.text(column).values) if value)
            shown = ", ".join(seen[:20]) + (", …" if len(seen) > 20 else "")
            raise DataError(
                f"{table.file}: no row has {column!r} = {wish!r}; the values are: {shown}; "
                f"change where.{column}"
            )
        table = kept
    return table


def check_where(where: Where, *tables: Table) -> None:
    """Raises DataError for a filter on a column that no table has."""
    for column in where:
        if not any(column in table.names for table in tables):
            existing = "; ".join(f"{table.file}: {', '.join(table.names)}" for table in tables)
            raise DataError(f"where.{column} names no column; the columns are: {existing}")


def _mask(table: Table, column: str, wish: Wish | Sequence[Wish]) -> NDArray[np.bool_]:
    wishes = [wish] if isinstance(wish, str | bool | int | float) else list(wish)
    text = table.text(column)
    agrees = [any(_agree(value, w) for w in wishes) for value in text.values]
    return np.array([*agrees, False], dtype=np.bool_)[text.codes]  # code -1: missing, never kept


def _agree(value: str, wish: Wish) -> bool:
    """Whether a value, spelled out by whichever format, is the wished one."""
    if isinstance(wish, bool):
        return _FLAGS.get(value.strip().lower()) == str(wish).lower()
    if isinstance(wish, str):
        return value == wish
    try:
        return float(value) == float(wish)
    except ValueError:
        return False
