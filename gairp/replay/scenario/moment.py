"""The world as one request meets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from gairp.backends.recorded import RecordedPrompt
from gairp.rng import DecisionRng
from gairp.types import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What all moments of a run begin with."""

    columns: Mapping[str, int]  #: arm -> where it stands in the tables
    expected_cost: Floats  #: [k]
    max_cost: Floats  #: [k]
    seed: int
    categories: tuple[str, ...] = ()  #: by row of the trace; empty where unknown


class Moment:
    """Events change it, one after the other; what no event touches is shared with the trace."""

    __slots__ = (
        "_changed", "_rng", "_scene", "absent", "expected_cost", "failed", "max_cost", "now",
        "number", "prompt", "served_by",
    )  # fmt: skip

    def __init__(self, prompt: RecordedPrompt, scene: Scene, *, number: int, now: float) -> None:
        self.prompt, self.number, self.now, self._scene = prompt, number, now, scene
        self.expected_cost, self.max_cost = scene.expected_cost, scene.max_cost
        # All moments share the empty ones: most are never touched, and one is made a request.
        self.absent = _NOBODY  #: columns that are no candidates
        self.failed = _NO_ERRORS  #: column -> seconds until the error
        self.served_by = _ITSELF  #: column -> the arm that really answers
        self._changed = _NOTHING
        self._rng: DecisionRng | None = None  # made when an event first draws

    @property
    def category(self) -> str:
        """Of the request; "" where unknown."""
        categories = self._scene.categories
        return categories[self.prompt.row] if categories else ""

    def column(self, arm: str) -> int:
        """Where an arm stands in the tables."""
        return self._scene.columns[arm]

    def uniform(self) -> float:
        """The next uniform number that belongs to this request, whoever answers it."""
        if self._rng is None:
            self._rng = DecisionRng(self._scene.seed, f"scenario/{self.prompt.request_id}")
        return self._rng.random()

    def table(self, name: str) -> Floats | None:
        """A copy of the request's own, [k], to be changed in place; None where not recorded."""
        if name not in self._changed:
            values = getattr(self.prompt, name)
            if values is None:
                return None
            self._changed = {**self._changed, name: np.array(values, dtype=np.float64)}
        return self._changed[name]

    def scale(self, names: tuple[str, ...], arm: str, factor: float) -> None:
        """Multiply what is recorded of these quantities of one arm."""
        for name in names:
            values = self.table(name)
            if values is not None:
                values[self.column(arm)] *= factor

    def reprice(self, arm: str, factor: float) -> None:
        """A list price changes: the bill does, and so does what is expected of it."""
        self.scale(("cost_usd",), arm, factor)
        column = self.column(arm)
        self.expected_cost = _scaled(self.expected_cost, column, factor)
        self.max_cost = _scaled(self.max_cost, column, factor)

    def withdraw(self, arm: str) -> None:
        """The arm is no candidate."""
        self.absent |= {self.column(arm)}

    def redirect(self, arm: str, to: str) -> None:
        """Another arm answers behind this one's name, and fails where it fails itself."""
        column, other = self.column(arm), self.column(to)
        self.served_by = {**self.served_by, column: to}
        if other in self.failed:
            self.failed = {**self.failed, column: self.failed[other]}

    def fail(self, arm: str, after_s: float) -> None:
        """The arm gives an error, at no cost, after so many seconds; it is worth nothing then."""
        column = self.column(arm)
        self.failed = {**self.failed, column: after_s}
        for name, value in (("quality", 0.0), ("cost_usd", 0.0), ("latency_s", after_s)):
            values = self.table(name)
            if values is not None:
                values[column] = value

    def done(self) -> RecordedPrompt:
        """The request with what every arm would answer now."""
        if not self._changed:
            return self.prompt
        return msgspec.structs.replace(self.prompt, **self._changed)


_NOBODY: frozenset[int] = frozenset()
_NO_ERRORS: Mapping[int, float] = {}
_ITSELF: Mapping[int, str] = {}
_NOTHING: Mapping[str, Floats] = {}


def _scaled(values: Floats, column: int, factor: float) -> Floats:
    changed = values.copy()
    changed[column] *= factor
    return changed
