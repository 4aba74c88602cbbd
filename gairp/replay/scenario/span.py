"""When an event begins, how fast it takes hold, and when it ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gairp.errors import ConfigError

UNITS = ("request", "share", "seconds")


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to `end`, both on the axis of request numbers or of virtual seconds."""

    start: float
    end: float
    ramp: float
    timed: bool  #: the axis is virtual time, else the number of the request, from 0

    @classmethod
    def of(
        cls,
        start: Mapping[str, float] | None,
        end: Mapping[str, float] | None,
        ramp: Mapping[str, float] | None,
        *,
        requests: int,
    ) -> Span:
        """Each is {request: N}, {share: 0.4} of all requests, or {seconds: S}; None: from the
        first request, to the last one, at once.

        Raises ConfigError for another unit, for two units in one event, and for an end that does
        not come after the start.
        """
        given = [at for at in (start, end, ramp) if at is not None]
        timed = {_unit(at) == "seconds" for at in given}
        if len(timed) > 1:
            raise ConfigError(
                f"scenario: start {start}, end {end} and ramp {ramp} mix seconds with request "
                "numbers; give one kind"
            )
        first = 0.0 if start is None else _place(start, requests)
        last = math.inf if end is None else _place(end, requests)
        over = 0.0 if ramp is None else _place(ramp, requests)
        if not first < last:
            raise ConfigError(f"scenario: end {end} does not come after start {start}")
        return cls(first, last, over, timed == {True})

    def strength(self, number: int, now: float) -> float:
        """How far the event has taken hold, in [0, 1]."""
        at = now if self.timed else float(number)
        if not self.start <= at < self.end:
            return 0.0
        return 1.0 if not self.ramp else min(1.0, (at - self.start) / self.ramp)

    @property
    def turning_points(self) -> tuple[float, ...]:
        """Start, end of the ramp, end; the first request is none."""
        points = [self.start] if self.start > 0 else []
        if self.ramp:
            points.append(self.start + self.ramp)
        return (*points, self.end) if math.isfinite(self.end) else tuple(points)


def _unit(at: Mapping[str, float]) -> str:
    if len(at) != 1 or next(iter(at)) not in UNITS:
        raise ConfigError(
            f"scenario: {dict(at)} is no point in the stream; give one of {{request: 400}}, "
            "{share: 0.4} of all requests, {seconds: 60}"
        )
    return next(iter(at))


def _place(at: Mapping[str, float], requests: int) -> float:
    value = float(at[_unit(at)])
    if not (math.isfinite(value) and value >= 0):
        raise ConfigError(f"scenario: {dict(at)} is negative or not finite")
    if _unit(at) == "share":
        return float(round(value * requests))
    return value
