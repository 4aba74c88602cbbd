"""The gateway's one journal: events are gathered while a step runs, and written in one piece."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from gairp.records.events import Called, Decided, Event, Learned, Observed, Settled
from gairp.records.journal import Durability, Journal

Heard = Callable[[int, list[Event]], None]


_PASSED_BY = frozenset({Called, Settled, Observed})


class Ink:
    """A sink of all learners.

    `flush` writes what the steps since the last one have logged: before a call goes out, and before
    the last byte goes to the client. Nothing awaits between the two, so that a piece holds the
    events of one request, in order.
    """

    def __init__(self, folder: Path, *, durability: Durability, remembered: int) -> None:
        """`remembered`: how many decisions may wait for feedback; see `low`."""
        self.journal = Journal(folder, durability=durability)
        self.broken: str | None = None  #: why nothing can be written
        self._events: list[Event] = []  # always this list: `append` is its own
        #: Of an event, which the next `flush` will write.
        self.append: Callable[[Event], None] = self._events.append
        # Ordered: a plain dict that gives way at its front looks through what it removed before.
        # Decisions without feedback -> where they stand.
        self._open: OrderedDict[str, int] = OrderedDict()
        self._owners: OrderedDict[str, tuple[str, str | None]] = OrderedDict()
        self._learned: OrderedDict[str, None] = OrderedDict()
        self._remembered = remembered
        self._heard: list[Heard] = []

    @property
    def seq(self) -> int:
        """Events written."""
        return self.journal.seq

    @property
    def low(self) -> int:
        """Where the oldest decision stands that may still be spoken of."""
        return next(iter(self._open.values()), self.seq)

    def tell(self, heard: Heard) -> None:
        """`heard` gets (position of the first, events) of each piece that was written."""
        self._heard.append(heard)

    def flush(self) -> None:
        """Write; DataError where the disk refuses, and then nothing of the piece is kept."""
        if not self._events:
            return
        events = self._events.copy()
        self._events.clear()
        first = self.journal.seq
        try:
            self.journal.extend(events)
        except Exception as error:
            self.broken = str(error)
            raise
        self.broken = None
        self.note(first, events)
        for heard in self._heard:
            heard(first, events)

    def note(self, first: int, events: list[Event]) -> None:
        """Remember where decisions stand, and whose they are."""
        waiting, most = self._open, self._remembered
        for seq, event in enumerate(events, first):
            if type(event) in _PASSED_BY:
                continue
            if isinstance(event, Decided):
                name = event.decision_id
                waiting[name] = seq
                self._owners[name] = event.learner, event.tenant
                if len(waiting) > most:
                    waiting.popitem(last=False)
                if len(self._owners) > most:
                    self._owners.popitem(last=False)
            elif isinstance(event, Learned):
                waiting.pop(event.decision_id, None)
                self._learned[event.decision_id] = None
                if len(self._learned) > most:
                    self._learned.popitem(last=False)

    def owner(self, decision_id: str) -> tuple[str, str | None] | None:
        """(learner, tenant) of a decision that is remembered."""
        return self._owners.get(decision_id)

    def learned(self, decision_id: str) -> bool:
        """Whether feedback for this decision has come."""
        return decision_id in self._learned

    async def sync(self) -> None:
        """With `durability=power`: until what was written survives a power cut."""
        if self.journal.durability == "power":
            await self.journal.sync()

    def close(self) -> None:
        """Write what is left, and let another writer in."""
        try:
            self.flush()
        finally:
            self.journal.close()
