"""What every event of a scenario has: its time, and a change to the moments within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.replay.scenario.moment import Moment
from gairp.replay.scenario.span import Span
from gairp.replay.scenario.stage import Stage, Stream

At = Mapping[str, float]

#: Fields that name an arm, or its role.
ARM_FIELDS = ("arm", "to")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Holds from `start` until `end`; with a `ramp` it takes hold little by little.

    Each is {request: 400}, {share: 0.4} of all requests, or {seconds: 60} of virtual time.
    """

    start: At | None = None  #: from here on; null: from the first request
    end: At | None = None  #: until here; null: to the last request
    ramp: At | None = None  #: how long it takes to come into full effect; null: at once

    def bound(self, stage: Stage) -> tuple[Event, ...]:
        """What is to be played, with arms in place of roles; most events are one.

        Raises ConfigError where it cannot be played.
        """
        return (self.named(stage),)

    def named(self, stage: Stage) -> Self:
        """With arms in place of roles."""
        arms: dict[str, Any] = {
            field.name: stage.arm(getattr(self, field.name))
            for field in fields(self)
            if field.name in ARM_FIELDS
        }
        return replace(self, **arms)

    def span(self, requests: int) -> Span:
        """When it holds in a stream of so many."""
        return Span.of(self.start, self.end, self.ramp, requests=requests)

    def turning_points(self, requests: int) -> tuple[Span, tuple[float, ...]]:
        """Where the world begins or ceases to change, on the axis of the span."""
        span = self.span(requests)
        return span, span.turning_points

    def turn(self, requests: int) -> int:
        """The number of the request that it starts at; ConfigError where it starts at a time."""
        span = self.span(requests)
        if span.timed:
            raise ConfigError(
                f"scenario: {type(self).__name__} orders the requests; let it start at {{request: "
                "N}} or {share: 0.5}, not at a time"
            )
        return int(span.start)

    def apply(self, moment: Moment, strength: float) -> None:
        """Change one moment; `strength` in (0, 1] is how far the event has taken hold."""

    def outside(self, moment: Moment) -> None:
        """Change a moment that the event does not hold in."""

    def order(self, stream: Stream, rng: np.random.Generator) -> NDArray[np.int64] | None:
        """Positions in the stream, as its requests shall come; None: as they do."""
        return None

    @property
    def arrives(self) -> str | None:
        """The arm that nobody has heard of before the event."""
        return None
