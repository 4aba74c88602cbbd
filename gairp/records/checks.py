"""Whether the events of a log fit together, and whether two logs are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from gairp.records.codec import encoded
from gairp.records.event_table import Numbered
from gairp.records.events import Called, Decided, Event, Graded, Learned, Observed, Opened, Settled


class Checker:
    """Takes the events in order and says what is wrong with each.

    What is called, observed or graded was decided before; what is settled was called, and is
    settled once for each call; what is learned was observed, and is learned once. A name that only
    calls, as a grader does, is no learner: nothing of its is decided.
    """

    def __init__(self) -> None:
        self._opened: set[str] = set()
        self._decided: set[tuple[str, str]] = set()
        self._called: set[tuple[str, str]] = set()
        self._observed: set[tuple[str, str]] = set()

    def problems(self, numbered: Numbered) -> Iterator[str]:
        """What is wrong with this event, given those before it."""
        seq, event = numbered
        for problem in self._problems(event):
            yield f"event {seq}, learner {event.learner!r}: {problem}"

    def _problems(self, event: Event) -> Iterator[str]:
        learner = event.learner
        if isinstance(event, Opened):
            self._opened.add(learner)
        elif isinstance(event, Decided):
            if learner not in self._opened:
                self._opened.add(learner)
                yield "no Opened event before its first decision"
            self._decided.add((learner, event.decision_id))
        elif isinstance(event, Settled):
            yield from _taken(self._called, learner, event.call_id, "settles call")
        elif isinstance(event, Learned):
            yield from _taken(self._observed, learner, event.decision_id, "learns of decision")
        elif learner in self._opened or not isinstance(event, Called):
            for name in _named(event):
                if (learner, name) not in self._decided:
                    yield f"names decision {name!r}, which was not decided before"
        if isinstance(event, Called):
            self._called.add((learner, event.call_id))
        elif isinstance(event, Observed):
            self._observed.add((learner, event.decision_id))


def _named(event: Called | Observed | Graded) -> set[str]:
    """The decisions that an event speaks of."""
    attempts = event.attempts if isinstance(event, Observed) else ()
    return {event.decision_id, *(attempt.decision_id for attempt in attempts)}


def _taken(waiting: set[tuple[str, str]], learner: str, name: str, what: str) -> Iterator[str]:
    if (learner, name) in waiting:
        waiting.remove((learner, name))
    else:
        yield f"{what} {name!r}, which was not waiting for it: it is not there, or done already"


def first_difference(left: Iterable[Numbered], right: Iterable[Numbered]) -> str | None:
    """Where two logs differ to the last bit; None where they do not."""
    for one, other in zip_longest(left, right):
        if one is None or other is None:
            which, seq = ("second", one[0]) if other is None else ("first", other[0])
            return f"event {seq}: the {which} log ends before it"
        if one[0] != other[0]:
            return f"one log begins with event {one[0]}, the other with {other[0]}"
        if encoded(one[1]) != encoded(other[1]):
            return f"event {one[0]}: {one[1]!r} in the first, {other[1]!r} in the second"
    return None
