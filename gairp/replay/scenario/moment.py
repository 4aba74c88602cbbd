"""The world as one request meets it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from gairp.backends.recorded import RecordedPrompt
from gairp.rng import DecisionRng
from gairp.types import Floats


class Moment:
    """Events change it, one after the other; what no event touches is shared with the trace."""

    __slots__ = (
        "_changed", "_columns", "_rng", "_seed", "absent", "category", "expected_cost", "failed",
        "max_cost", "now", "number", "prompt", "served_by",
    )  # fmt: skip

    def __init__(
        self,
        prompt: RecordedPrompt,
        *,
        number: int,
        now: float,
        columns: Mapping[str, int],
        expected_cost: Floats,
        max_cost: Floats,
        seed: int,
        category: str = "",
    ) -> None:
        self.prompt, self.number, self.now, self.category = prompt, number, now, category
        self.expected_cost, self.max_cost = expected_cost, max_cost
        self.absent: set[int] = set()  #: columns that are no candidates
        self.failed: dict[int, float] = {}  #: column -> seconds until the error
        self.served_by: dict[int, str] = {}  #: column -> the arm that really answers
        self._columns, self._changed = columns, dict[str, Floats]()
        self._seed = seed
        self._rng: DecisionRng | None = None  # made when an event first draws

    def column(self, arm: str) -> int:
        """Where an arm stands in the tables."""
        return self._columns[arm]

    def uniform(self) -> float:
        """The next uniform number that belongs to this request, whoever answers it."""
        if self._rng is None:
            self._rng = DecisionRng(self._seed, f"scenario/{self.prompt.request_id}")
        return self._rng.random()

    def table(self, name: str) -> Floats | None:
        """A copy of the request's own, [k], to be changed in place; None where not recorded."""
        if name not in self._changed:
            values = getattr(self.prompt, name)
            if values is None:
                return None
            self._changed[name] = np.array(values, dtype=np.float64)
        return self._changed[name]

    def scale(self, names: tuple[str, ...], arm: str, factor: float) -> None:
        """Multiply what is recorded of these quantities of one arm."""
        for name in names:
            values = self.table(name)
            if values is not None:
                values[self._columns[arm]] *= factor

    def reprice(self, arm: str, factor: float) -> None:
        """A list price changes: the bill does, and so does what is expected of it."""
        self.scale(("cost_usd",), arm, factor)
        column = self._columns[arm]
        self.expected_cost = _scaled(self.expected_cost, column, factor)
        self.max_cost = _scaled(self.max_cost, column, factor)

    def fail(self, arm: str, after_s: float) -> None:
        """The arm gives an error, at no cost, after so many seconds; it is worth nothing then."""
        column = self._columns[arm]
        self.failed[column] = after_s
        for name, value in (("quality", 0.0), ("cost_usd", 0.0), ("latency_s", after_s)):
            values = self.table(name)
            if values is not None:
                values[column] = value

    def done(self) -> RecordedPrompt:
        """The request with what every arm would answer now."""
        return (
            msgspec.structs.replace(self.prompt, **self._changed)
            if self._changed
            else (self.prompt)
        )


def _scaled(values: Floats, column: int, factor: float) -> Floats:
    changed = values.copy()
    changed[column] *= factor
    return changed
