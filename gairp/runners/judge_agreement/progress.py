"""A line that says how far a recording is and when it will be done."""

from __future__ import annotations

import threading
import time
from typing import TextIO


class Progress:
    """Counts rows; writes at most one line in `every_s` seconds, and the last one."""

    def __init__(self, *, total: int, out: TextIO, every_s: float = 10.0) -> None:
        self.total, self.out, self.every_s = total, out, every_s
        self.count = 0
        self._start = self._last = time.monotonic()
        self._lock = threading.Lock()

    def step(self) -> None:
        """One more row is done."""
        with self._lock:
            self.count += 1
            now = time.monotonic()
            if now - self._last >= self.every_s or self.count == self.total:
                self._last = now
                print(self.line(now - self._start), file=self.out, flush=True)

    def line(self, elapsed_s: float) -> str:
        """Rows done, rate and minutes left at that rate."""
        rate = self.count / elapsed_s if elapsed_s > 0 else float("nan")
        left = (self.total - self.count) / rate / 60 if rate > 0 else float("nan")
        return f"{self.count}/{self.total} rows, {rate:.2f} rows/s, {left:.1f} min left"
