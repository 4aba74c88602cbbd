"""Hands what the journal holds to ledger and audit, in batches, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path
from typing import Protocol

from gairp.records.events import Event
from gairp.records.reading import read_numbered

_LOG = logging.getLogger("gairp.gateway")
_HELD = 50_000  #: events that wait in memory; behind that the journal is read again
_BATCH = 5_000


class Feed(Protocol):
    """Takes events once each, however often they are offered; `seq` is the next that it wants."""

    @property
    def seq(self) -> int: ...

    def take(self, batch: list[tuple[int, Event]]) -> None: ...

    def close(self) -> None: ...


class Feeder:
    """One thread for one feed. Where the feed fails (its database is away), it tries again.

    Nothing is lost meanwhile: the journal has it all, and is read from where the feed stands.
    """

    def __init__(
        self, feed: Feed, journal: Path, *, every_s: float = 0.05, retry_s: float = 1.0
    ) -> None:
        self.feed, self._journal = feed, journal
        self._every_s, self._retry_s = every_s, retry_s
        self._waiting: deque[tuple[int, list[Event]]] = deque()
        self._held = 0
        self._end = 0  # the next position that will be offered
        self._wake, self._closing = threading.Event(), False
        self.failing: str | None = None  #: why the feed stands still
        self._thread = threading.Thread(target=self._run, name="gairp-feed", daemon=True)

    def start(self, end: int) -> None:
        """Begin; `end` is how far the journal goes now: what the feed lacks is read from it."""
        self._end = end
        self._thread.start()

    def offer(self, first: int, events: list[Event]) -> None:
        """What was just written; returns at once."""
        self._end = first + len(events)
        if self._held < _HELD:
            self._held += len(events)
            self._waiting.append((first, events))

    @property
    def lag(self) -> int:
        """Events that are written and not yet taken."""
        return max(0, self._end - self.feed.seq)

    def close(self, timeout_s: float = 10.0) -> None:
        """Take what is left, at most so long; the rest is taken at the next start."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self.feed.close()

    # -- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                self._drain()
                self.failing = None
            except Exception as error:  # a database that is away, most likely
                if self.failing is None:
                    _LOG.error("%s stands still: %s", type(self.feed).__name__, error)
                self.failing = f"{type(error).__name__}: {error}"
                if self._closing:
                    return
                self._wake.wait(self._retry_s)
                continue
            if self._closing and not self.lag:
                return
            self._wake.wait(self._every_s)

    def _drain(self) -> None:
        while self.lag:
            if self._waiting and self._waiting[0][0] <= self.feed.seq:
                self.feed.take(self._gathered())
            else:
                self._catch_up()

    def _gathered(self) -> list[tuple[int, Event]]:
        batch: list[tuple[int, Event]] = []
        taken = 0
        while self._waiting and len(batch) < _BATCH:
            first, events = self._waiting[0]
            if batch and first != batch[-1][0] + 1:
                break
            batch += enumerate(events, first)
            taken += len(events)
            self._waiting.popleft()
        self._held -= taken
        return batch

    def _catch_up(self) -> None:
        """Read from the journal what memory does not hold."""
        batch: list[tuple[int, Event]] = []
        until = self._waiting[0][0] if self._waiting else self._end
        for seq, event in read_numbered(self._journal, self.feed.seq):
            if seq >= until:
                break
            batch.append((seq, event))
            if len(batch) >= _BATCH:
                break
        if batch:
            self.feed.take(batch)
        else:
            self._end = min(self._end, self.feed.seq)
