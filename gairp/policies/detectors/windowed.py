"""What tests that look back at all values share: a bounded memory, and how often they look."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.types import Floats


class WindowedDetector(ABC):
    """Keeps the last `memory` values and looks for a change after every `every` of them."""

    def __init__(self, *, delta: float, memory: int, every: int, least: int) -> None:
        if not (0 < delta < 1 and memory > 2 * least >= 2 and every >= 1):
            raise ConfigError(
                f"a detector needs 0 < delta < 1, memory > 2 least and every >= 1; got {delta}, "
                f"{memory}, {least} and {every}"
            )
        self.delta, self.memory = float(delta), int(memory)
        self.every, self.least = int(every), int(least)
        self._values: list[float] = []
        self._since = 0

    def update(self, value: float) -> bool:
        """One more value, clipped to [0, 1]."""
        self._values.append(min(max(value, 0.0), 1.0))
        del self._values[: -self.memory]
        self._since += 1
        if self._since < self.every or len(self._values) < 2 * self.least:
            return False
        self._since = 0
        cut = self._cut(np.array(self._values))
        if cut is None:
            return False
        del self._values[:cut]
        return True

    @abstractmethod
    def _cut(self, values: Floats) -> int | None:
        """How many of the values are of before a change; None where there is none."""

    def _halves(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Sizes of the older part at every cut, and the means before and after it."""
        n = len(values)
        older = np.arange(self.least, n - self.least + 1, dtype=np.float64)
        sums = np.cumsum(values)
        before = sums[older.astype(np.int64) - 1]
        return older, before / older, (sums[-1] - before) / (n - older)

    def state(self) -> dict[str, Any]:
        """The values kept."""
        return {"values": list(self._values), "since": self._since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take them up."""
        self._values, self._since = [float(v) for v in state["values"]], int(state["since"])
