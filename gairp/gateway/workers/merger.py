"""Brings what workers write into the one journal, and teaches the learners what it says."""

from __future__ import annotations

import logging

from gairp.errors import GairpError
from gairp.gateway.learners.house import House
from gairp.gateway.ledger.left_behind import named
from gairp.gateway.workers.publisher import Publisher
from gairp.gateway.workers.recalled import Recalled
from gairp.gateway.workers.spools import Spools
from gairp.records.events import Event, Opened
from gairp.routing.router import lesson_of
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_AT_ONCE = 500


class Merger:
    """The order in which it takes events is that of the journal, and so of all learning."""

    def __init__(
        self, house: House, spools: Spools, publisher: Publisher, recalled: Recalled
    ) -> None:
        self.house, self.spools = house, spools
        self._publisher, self._recalled = publisher, recalled

    def round(self) -> int:
        """Take some of each worker's events; how many there were.

        Raises DataError where the journal cannot be written: the learners then know more than it,
        and only a restart puts that right.
        """
        count = 0
        for worker, event in self.spools.take(_AT_ONCE):
            self.house.ink.append(event)
            self._apply(worker, event)
            count += 1
        self.house.ink.flush()
        return count

    def catch_up(self) -> None:
        """Until nothing is left."""
        while self.round():
            pass

    def checkpoint(self) -> None:
        """What is read of the workers' journals need not be kept."""
        self.house.ink.journal.sync_now()
        self.spools.checkpoint(self.house.ink.seq)

    def learned(self) -> None:
        """Feedback may have changed any learner."""
        for served in self.house.learners.values():
            self._publisher.touched(served)

    def _apply(self, worker: str, event: Event) -> None:
        self._recalled.heard(event)
        intake = self.house.intakes.get(event.learner)
        served = self.house.learners.get(event.learner)
        if intake is None or served is None:  # a version that has served here and does no more
            return
        if isinstance(event, Opened):
            intake.forget(named(worker))
            return
        try:
            intake.feed(event)
            outcome = intake.ended()
            if outcome is None:
                return
            self._recalled.ended(outcome)
            self._publisher.touched(served)
            lesson = lesson_of(outcome)
            if lesson is not None:
                served.joiner.deliver(lesson)
        except GairpError as error:
            note(_LOG, logging.ERROR, "learner.refused",
                 f"learner {event.learner} cannot take in an event: {error}",
                 learner=event.learner)  # fmt: skip
