"""Ejects an arm that fails more often than its peers do, though not often enough in a row.

A breaker sees failures in a row. One answer in three that fails never makes a row of five, and
costs every third request a retry. What is compared are shares of failures over a window, by
Wilson's score interval (Wilson 1927, "Probable inference, the law of succession, and statistical
inference", JASA 22): an arm is ejected where the lower bound of its share is above the upper bound
of its peers' together. Where everybody fails, the fault is not theirs, and nobody is ejected.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from gairp.errors import ConfigError
from gairp.types import Failure

#: Failures that speak against the arm; a rate limit is a matter of quota, and has its cooldown.
COUNTED = frozenset({"connection", "timeout", "server", "malformed", "truncated"})


class Outliers:
    """By name; no clock of its own, `now` is in seconds.

    Counts the last `window_s` seconds, and half of it at least. An arm of `calls` or more in them,
    whose share of failures is at least `least` and above its peers', is ejected for `eject_s`,
    twice as long each time anew, at most `max_eject_s`; a whole window without an ejection makes
    the next one short again. Never is more than the share `most` of all `names` ejected at once.
    `z` is the width of the intervals.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        window_s: float = 30.0,
        calls: int = 10,
        least: float = 0.2,
        z: float = 2.58,
        eject_s: float = 10.0,
        max_eject_s: float = 300.0,
        most: float = 0.5,
    ) -> None:
        if not (window_s > 0 and 0 < eject_s <= max_eject_s and z > 0):
            raise ConfigError(
                f"outliers.window_s is {window_s}, eject_s {eject_s}, max_eject_s {max_eject_s} "
                f"and z {z}; give positive numbers, and a maximum not below eject_s"
            )
        if not (0 < least <= 1 and 0 <= most <= 1):
            raise ConfigError(f"outliers.least is {least} and outliers.most {most}; give shares")
        self.window_s, self.calls, self.least, self.z = window_s, calls, least, z
        self.eject_s, self.max_eject_s = eject_s, max_eject_s
        self.room = math.floor(most * len(names))  #: how many may be ejected at once
        self.ejections = 0
        self._now = _nothing_of(names)  # calls and failures
        self._then = _nothing_of(names)  # of the half before
        self._half = 0
        self._until: dict[str, float] = {}
        self._times: dict[str, int] = {}  # ejections one after the other
        self.last = float("-inf")  #: when the last of them will be over

    def ended(self, name: str, error: Failure | None, now: float) -> None:
        """A call has ended; one that says nothing of the arm is not counted."""
        if error is not None and error.kind not in COUNTED:
            return
        self._turn(now)
        counts = self._now[name]
        counts[0] += 1
        if error is not None:
            counts[1] += 1
            self._judge(name, now)

    def left_s(self, name: str, now: float) -> float:
        """Seconds for which it is still ejected; 0 where it is not."""
        return max(0.0, self._until.get(name, now) - now)

    def _turn(self, now: float) -> None:
        half = int(2 * now // self.window_s)
        if half == self._half:
            return
        self._then = self._now if half == self._half + 1 else _nothing_of(self._now)
        self._now, self._half = _nothing_of(self._now), half

    def _judge(self, name: str, now: float) -> None:
        calls, failures = self._counts(name)
        if calls < self.calls or failures < self.least * calls:
            return
        if self.left_s(name, now) > 0:  # of calls that had begun before
            return
        others = [self._counts(other) for other in self._now if other != name]
        peers = sum(count[0] for count in others), sum(count[1] for count in others)
        if wilson(failures, calls, self.z)[0] <= wilson(peers[1], peers[0], self.z)[1]:
            return
        if sum(until > now for until in self._until.values()) < self.room:
            self._eject(name, now)

    def _eject(self, name: str, now: float) -> None:
        before = self._until.get(name, -math.inf)
        times = self._times.get(name, 0) + 1 if now - before <= self.window_s else 1
        self._times[name] = times
        self._until[name] = now + min(self.eject_s * 2.0 ** min(times - 1, 60), self.max_eject_s)
        self.last = max(self.last, self._until[name])
        self._now[name], self._then[name] = [0, 0], [0, 0]  # it begins anew
        self.ejections += 1

    def _counts(self, name: str) -> tuple[int, int]:
        now, then = self._now[name], self._then[name]
        return now[0] + then[0], now[1] + then[1]


def _nothing_of(names: Iterable[str]) -> dict[str, list[int]]:
    return {name: [0, 0] for name in names}


def wilson(hits: int, trials: int, z: float) -> tuple[float, float]:
    """Wilson's score interval of a share; (0, 1) without a trial."""
    if trials == 0:
        return 0.0, 1.0
    share, square = hits / trials, z * z
    centre = share + square / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    scale = 1 + square / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
