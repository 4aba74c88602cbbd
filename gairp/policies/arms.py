"""Rows of a policy's arrays by arm name, while candidates come and go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class ArmIndex:
    """Gives every arm a row, in order of first appearance."""

    __slots__ = ("_last", "_last_rows", "_rows")

    def __init__(self, names: tuple[str, ...] = ()) -> None:
        self._rows = {name: row for row, name in enumerate(names)}
        self._last: tuple[str, ...] | None = None
        self._last_rows: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    @property
    def names(self) -> tuple[str, ...]:
        """All arms seen, by row."""
        return tuple(self._rows)

    def row(self, name: str) -> int | None:
        """The row of an arm; None for one that never appeared."""
        return self._rows.get(name)

    def add(self, name: str) -> int:
        """The row of an arm, a new one if it never appeared."""
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self._rows)
            self._last = None
        return row

    def rows(self, names: tuple[str, ...]) -> NDArray[np.int64] | None:
        """Rows of these arms, -1 for one never seen; None when they are exactly all rows in order.

        The last answer is kept: candidates are mostly the same tuple from call to call.
        """
        if names is self._last or names == self._last:
            return self._last_rows
        rows = np.array([self._rows.get(name, -1) for name in names], dtype=np.int64)
        everything = len(rows) == len(self._rows) and bool((rows == np.arange(len(rows))).all())
        self._last, self._last_rows = names, None if everything else rows
        return self._last_rows
