"""Many waiters, one fdatasync."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class GroupSync:
    """Runs `flush` in a thread of its own, once for all who came before it began.

    `flush` puts everything written so far on the disk and says how much that was; `written` says
    how much there is.
    """

    def __init__(self, flush: Callable[[], int], written: Callable[[], int]) -> None:
        self._flush, self._written = flush, written
        self._done = 0
        self._lock = threading.Lock()
        self._running: Future[None] | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def wait(self) -> None:
        """Return when what was written before this call is on the disk; OSError where it failed."""
        target = self._written()
        while self._done < target:
            # A waiter that is cancelled must not take the others' flush with it.
            await asyncio.shield(asyncio.wrap_future(self._round()))

    def wait_here(self) -> None:
        """The same for a caller without an event loop."""
        target = self._written()
        while self._done < target:
            self._round().result()

    def _round(self) -> Future[None]:
        """The flush under way, or a new one."""
        with self._lock:
            if self._running is None or self._running.done():
                self._thread = self._thread or ThreadPoolExecutor(1, "journal-sync")
                self._running = self._thread.submit(self._run)
            return self._running

    def _run(self) -> None:
        # Noted here: by the time that a waiter wakes up, the next flush may be over as well.
        self._done = self._flush()

    def close(self) -> None:
        """Let the flush under way end, and the thread with it."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
