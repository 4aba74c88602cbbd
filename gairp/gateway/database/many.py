"""One statement for many rows, compiled once, and given to the driver as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection

Row = dict[str, Any]
_Compiled = tuple[str, dict[str, Any], Sequence[str] | None]


class Many:
    """For columns of plain numbers and texts: what SQLAlchemy does to each value is left out."""

    def __init__(self, build: Callable[[Connection], ClauseElement]) -> None:
        """`build` makes the statement for a connection's dialect."""
        self._build = build
        self._compiled: dict[tuple[str, tuple[str, ...]], _Compiled] = {}

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """All rows have the same keys, the statement's columns or parameters; none does nothing."""
        if not rows:
            return
        sql, fixed, order = self._of(connection, tuple(rows[0]))
        given: Any = [{**fixed, **row} for row in rows] if fixed else list(rows)
        if order is not None:
            given = [tuple([row[name] for name in order]) for row in given]
        connection.exec_driver_sql(sql, given)

    def _of(self, connection: Connection, columns: tuple[str, ...]) -> _Compiled:
        """SQL, the parameters that are the same for all rows, and the order where there is one."""
        key = (connection.dialect.name, columns)
        if key not in self._compiled:
            statement = self._build(connection)
            compiled: Any = statement.compile(dialect=connection.dialect, column_keys=list(columns))
            fixed = {n: v for n, v in compiled.params.items() if n not in columns}
            order = list(compiled.positiontup) if compiled.positional else None
            self._compiled[key] = str(compiled), fixed, order
        return self._compiled[key]
