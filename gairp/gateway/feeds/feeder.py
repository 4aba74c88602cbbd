"""Hands what the journal holds to the ledger or the audit log, in batches, in a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gairp.records.events import Event
from gairp.records.tail import Tail
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_BATCH = 2_000


class Feed(Protocol):
    """Takes events once each, however often they are offered; `seq` is the next that it wants."""

    @property
    def seq(self) -> int: ...

    def take(self, batch: list[tuple[int, Event]]) -> None: ...

    def close(self) -> None: ...


class Feeder:
    """One thread for one feed. Where the feed fails (its database is away), it tries again.

    Nothing is lost meanwhile, and nothing waits in memory: the journal has it all, and is read
    from where the feed stands.
    """

    def __init__(
        self,
        feed: Feed,
        journal: Path,
        *,
        every_s: float = 0.25,
        retry_s: float = 1.0,
        moved: Callable[[str, int], None] | None = None,
    ) -> None:
        """`moved` is told the feed's name and position after each batch.

        A request that comes while a batch is taken on its core takes twice as long, so that there
        are few of them a second.
        """
        self.feed, self.name, self._moved = feed, type(feed).__name__, moved
        self._tail = Tail(journal, feed.seq)
        self._every_s, self._retry_s = every_s, retry_s
        self._wake, self._closing = threading.Event(), False
        self.failing: str | None = None  #: why the feed stands still
        self._thread = threading.Thread(target=self._run, name=f"gairp-{self.name}", daemon=True)

    @property
    def seq(self) -> int:
        """The position up to which all is taken."""
        return self.feed.seq

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, timeout_s: float = 10.0) -> None:
        """Take what is left, at most so long; the rest is taken at the next start."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self.feed.close()
            self._tail.close()

    def catch_up(self) -> None:
        """Take all that is there now, here; for before `start`."""
        batch = self._tail.take(_BATCH)
        while batch:
            self.feed.take(batch)
            batch = self._tail.take(_BATCH)
        if self._moved is not None:
            self._moved(self.name, self.feed.seq)

    # -- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            # Asked before reading: what was written until then is taken before the end.
            closing = self._closing
            try:
                self.catch_up()
                if self.failing is not None:
                    note(_LOG, logging.WARNING, "feed.resumed", f"{self.name} goes on",
                         feed=self.name)  # fmt: skip
                self.failing = None
            except Exception as error:  # a database that is away, most likely
                if self.failing is None:
                    note(_LOG, logging.ERROR, "feed.stalled", f"{self.name} stands still: {error}",
                         feed=self.name)  # fmt: skip
                self.failing = f"{type(error).__name__}: {error}"
                self._tail.close()
                self._tail = Tail(self._tail.folder, self.feed.seq)
                if closing:
                    return
                self._wake.wait(self._retry_s)
                continue
            if closing:
                return
            self._wake.wait(self._every_s)
