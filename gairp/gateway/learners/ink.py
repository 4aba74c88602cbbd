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
    events of one request, in order. Who wants to hear of them is told when those bytes are on
    their way.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durability: Durability,
        remembered: int,
        later: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        """`remembered`: how many decisions may wait for feedback; see `low`.

        `later` calls what can wait for a moment, as an event loop's `call_soon` does.
        """
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
        self._later = later
        self._untold: list[Event] = []  # the newest of the journal, of which nobody has heard yet

    @property
    def seq(self) -> int:
        """Events written."""
        return self.journal.seq

    @property
    def low(self) -> int:
        """Where the oldest decision stands that may still be spoken of."""
        self.catch_up()
        return next(iter(self._open.values()), self.seq)

    def tell(self, heard: Heard) -> None:
        """`heard` gets (position of the first, events) of each piece that was written."""
        self._heard.append(heard)

    def flush(self) -> None:
        """Write; DataError where the disk refuses, and then nothing of the piece is kept."""
        events = self._events
        if not events:
            return
        try:
            self.journal.extend(events)
        except Exception as error:
            self.broken = str(error)
            events.clear()
            raise
        self.broken = None
        untold = self._untold
        asked = bool(untold)
        untold += events
        events.clear()
        if self._later is None:
            self.catch_up()
        elif not asked:
            self._later(self.catch_up)

    def catch_up(self) -> None:
        """Remember, and let others hear, what has been written since the last time."""
        events, self._untold = self._untold, []
        if not events:
            return
        first = self.journal.seq - len(events)
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
        self.catch_up()
        return self._owners.get(decision_id)

    def learned(self, decision_id: str) -> bool:
        """Whether feedback for this decision has come."""
        self.catch_up()
        return decision_id in self._learned

    async def sync(self) -> None:
        """With `durability=power`: until what was written survives a power cut."""
        if self.journal.durability == "power":
            await self.journal.sync()

    def close(self) -> None:
        """Write what is left, and let another writer in."""
        try:
            self.flush()
            self.catch_up()
        finally:
            self.journal.close()
