"""How long the gateway and the load waited for a core, which no deadline can help.

From the scheduler's own account, /proc/PID/schedstat; where there is none, nothing is deducted.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from pathlib import Path

_EVERY_S = 0.02


class Waits:
    """Samples of the seconds that the main threads of some processes have waited so far."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._last: dict[int, float] = {}
        self._times: list[float] = []
        self._totals: list[float] = []

    async def watch(self) -> None:
        """Until cancelled; on the loop's clock."""
        now = asyncio.get_running_loop().time
        while True:
            self.sample(now())
            await asyncio.sleep(_EVERY_S)

    def sample(self, now: float) -> None:
        """One more."""
        total = self._totals[-1] if self._totals else 0.0
        for pid in self._pids():
            waited = _waited_s(pid)
            total += max(0.0, waited - self._last.get(pid, waited))
            self._last[pid] = waited
        self._times.append(now)
        self._totals.append(total)

    def between(self, start: float, end: float) -> float:
        """Seconds, from the sample before `start` to the one after `end`."""
        if not self._times:
            return 0.0
        first = max(0, bisect_right(self._times, start) - 1)
        last = min(len(self._times) - 1, bisect_left(self._times, end))
        return self._totals[last] - self._totals[first]


def _waited_s(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.split()[1]) * 1e-9
