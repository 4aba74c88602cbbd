"""All events of a run, in their order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gairp.replay.scenario.event import Event
from gairp.replay.scenario.moment import Moment
from gairp.replay.scenario.stage import Stage, Stream


class Scenario:
    """Plays events on every request: the later in the list acts on what the earlier has done."""

    def __init__(self, events: Sequence[Event], stage: Stage) -> None:
        """Raises ConfigError or UnknownNameError for an event that does not fit the stage."""
        bound = [one for event in events for one in event.bound(stage)]
        self.events = tuple((event, event.span(stage.requests)) for event in bound)
        points: dict[bool, set[float]] = {False: set(), True: set()}
        for event in bound:
            span, at = event.turning_points(stage.requests)
            points[span.timed] |= set(at)
        self._numbers, self._times = sorted(points[False]), sorted(points[True])

    def play(self, moment: Moment) -> None:
        """Change a moment as the events have it."""
        for event, span in self.events:
            strength = span.strength(moment.number, moment.now)
            if strength > 0.0:
                event.apply(moment, strength)
            else:
                event.outside(moment)

    def segment(self, number: int, now: float) -> int:
        """How many turning points lie behind: requests of one segment meet one world."""
        return bisect_right(self._numbers, number) + bisect_right(self._times, now)

    @property
    def arriving(self) -> frozenset[str]:
        """Arms that nobody has heard of before the first request."""
        return frozenset(event.arrives for event, _ in self.events if event.arrives is not None)


def ordered(events: Sequence[Event], stream: Stream, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of the stream [m], in the order and number in which they come."""
    places = np.arange(len(stream.rows))
    for event in events:
        now = Stream(
            rows=stream.rows[places],
            categories=tuple(stream.categories[i] for i in places),
            utility=stream.utility[places],
        )
        chosen = event.order(now, rng)
        places = places if chosen is None else places[chosen]
    return np.asarray(stream.rows[places], dtype=np.int64)
