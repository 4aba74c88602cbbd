"""What has been recorded so far: the state that the events of the journal add up to."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gairp.records.events import Decided, Event, Graded, Opened, Settled
from gairp.routing.event_log import Sink
from gairp.runners.recording.answer import Answer
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.plan import subject
from gairp.types import Failure

#: The fact of an `Opened` that says what gave the grades after it.
GRADER = "grader"
#: Failures that the same question would meet again. The others pass, or are of the settings.
LASTING = frozenset({"bad_request", "context_overflow", "not_recorded"})


class Recorded:
    """Settled calls by key, and grades by decision; `feed` it each event, in order.

    Grades that were given under another grader (or version of GAIRP) do not count.
    """

    def __init__(self, *, grader: str) -> None:
        self.processes = 0  #: that have written, this one not counted until it opens
        self.began = math.nan  #: Unix time of the first
        self.answers: dict[str, Settled] = {}
        self.failures: dict[str, Failure] = {}  #: of keys without an answer, the last one
        self.grades: dict[str, Graded] = {}
        self.graded_in: dict[str, int] = {}  #: grade ids -> number of the process, from 1 on
        self.ungraded: dict[str, str] = {}  #: grade ids whose last grade is unknown: its status
        self._grader, self._counts = grader, False
        self._decided: dict[str, Decided] = {}

    def feed(self, event: Event) -> None:
        """Take up one event."""
        if isinstance(event, Opened):
            self.began = self.began if self.processes else event.at
            self.processes += 1
            self._counts = event.facts.get(GRADER) == self._grader
        elif isinstance(event, Decided):
            self._decided[event.decision_id] = event
        elif isinstance(event, Settled):
            self._settle(event)
        elif isinstance(event, Graded) and self._counts:
            self._grade(event)

    def wanted(self, pair: Pair) -> bool:
        """Whether this pair is still to be asked, now or once what it goes on with is there."""
        if pair.key in self.answers or self._lasting(pair.key) or self.needless(pair):
            return False
        before = {"answer": (), "closing": (pair.root,), "vote": (pair.root, pair.closed_by)}
        return not any(map(self._lasting, before[pair.step]))

    def needless(self, pair: Pair) -> bool:
        """Whether it is a closing of an answer that needs none."""
        first = self.answers.get(pair.root)
        if pair.step != "closing" or pair.closing is None or first is None:
            return False
        return not pair.closing.needed(first.content or "")

    def answer(self, pair: Pair) -> Answer | None:
        """The whole answer that a pair gives or goes on with; None while a call of it lacks."""
        first = self.answers.get(pair.root)
        if first is None:
            return None
        if pair.closing is None or not pair.closing.needed(first.content or ""):
            return Answer((first,), pair.closing)
        second = self.answers.get(pair.closed_by)
        return None if second is None else Answer((first, second), pair.closing)

    def said(self, pair: Pair) -> tuple[str, ...]:
        """The texts of the turns before this one; empty where there are none, or not yet."""
        if pair.step == "answer":
            return ()
        if pair.step == "closing":
            first = self.answers.get(pair.root)
            return () if first is None else (first.content or "",)
        answer = self.answer(pair)
        return () if answer is None else tuple(call.content or "" for call in answer.calls)

    def grade_id(self, pair: Pair) -> str:
        """What the grade of an answered pair is called: its last decision, unless that was on
        another subject (an equal text with another right answer, or the right answer has changed).
        """
        answer = self.answer(pair)
        assert answer is not None, "only what was answered is graded"
        decision_id, own = answer.last.decision_id, subject(pair.question)
        asked = self._decided[decision_id].tags["subject"]
        return decision_id if own == asked else f"{decision_id}={own}"

    def quality(self, pair: Pair) -> float | None:
        """The grade of a pair; None where it was not answered or not graded."""
        if self.answer(pair) is None:
            return None
        graded = self.grades.get(self.grade_id(pair))
        return None if graded is None else graded.quality

    def _lasting(self, key: str) -> bool:
        failure = self.failures.get(key)
        return failure is not None and failure.kind in LASTING

    def _settle(self, event: Settled) -> None:
        decided = self._decided.get(event.decision_id)
        if decided is None:
            return  # a grader's own call
        key = decided.tags["key"]
        if event.error is None:
            self.answers[key] = event
            self.failures.pop(key, None)
        elif key not in self.answers:
            self.failures[key] = event.error

    def _grade(self, event: Graded) -> None:
        if event.quality == event.quality:
            self.grades[event.decision_id] = event
            self.graded_in.setdefault(event.decision_id, self.processes)
            self.ungraded.pop(event.decision_id, None)
        else:
            self.ungraded[event.decision_id] = event.status


class Ledger:
    """A sink that writes an event before the state knows of it."""

    def __init__(self, sink: Sink, recorded: Recorded) -> None:
        self.sink, self.recorded = sink, recorded

    def append(self, event: Event) -> None:
        """Write, then count."""
        self.sink.append(event)
        self.recorded.feed(event)


def read(events: Iterable[Event], *, grader: str) -> Recorded:
    """The state after these events."""
    recorded = Recorded(grader=grader)
    for event in events:
        recorded.feed(event)
    return recorded
