"""When Python looks for cycles of garbage: between requests, and never through what stays.

Left to itself the collector runs in the middle of a request, every sixty of them, and looks through
thousands of decisions that wait for feedback: one request in a hundred took ten times as long. All
that a request leaves behind goes without it, unless the request fails.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable


class Garbage:
    """Collects what is new every `every_s`, and everything every `whole_s`, if it may for a moment.

    What a collection leaves is set aside and not looked through again until a whole one.
    """

    def __init__(
        self, *, idle: Callable[[], bool], every_s: float = 1.0, whole_s: float = 600.0
    ) -> None:
        """`idle`: whether nobody waits; a whole collection is put off once until nobody does."""
        self._idle, self._every_s, self._whole_s = idle, every_s, whole_s

    async def run(self) -> None:
        """Until cancelled; afterwards Python collects by itself again."""
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            since = 0.0
            while True:
                await asyncio.sleep(self._every_s)
                since += self._every_s
                if since >= 2.0 * self._whole_s or (since >= self._whole_s and self._idle()):
                    since = 0.0
                    self.whole()
                else:
                    self.young()
        finally:
            gc.unfreeze()
            gc.enable()

    @staticmethod
    def young() -> None:
        """What was made since the last time: milliseconds under full load."""
        gc.collect(0)
        gc.freeze()

    @staticmethod
    def whole() -> None:
        """Everything: a tenth of a second."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
