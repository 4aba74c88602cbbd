"""Leaves a model alone that keeps failing, and finds out with few calls when it is back.

    closed ─ failures in a row ─► open ─ cool-down over ─► half_open ─ probes answered ─► closed
                                   ▲                         │
                                   └───── a probe failed ────┘   (the cool-down doubles)

Nygard (2007), "Release It!", section 5.2.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Literal

from gairp.errors import ConfigError
from gairp.types import Failure

State = Literal["closed", "open", "half_open"]

#: Failures that speak against the model or the way to it. `forbidden` and `not_found` are among
#: them, but only by number: a moderated prompt or a stale id in one request can cause them too.
COUNTED = frozenset(
    {
        "connection", "timeout", "server", "rate_limit", "malformed", "truncated",
        "forbidden", "not_found",
    }
)  # fmt: skip
#: Failures that no request can cause and no other request will escape: the key is ours.
AT_ONCE = frozenset({"auth"})
# The rest says nothing of the model: bad_request and context_overflow are the client's, conflict
# is one request's, cancelled, unavailable and not_recorded never reached it.


class CircuitBreaker:
    """Whether one model may be asked now; no clock of its own, `now` is in seconds.

    `failures` in a row, all within `window_s`, open it for `cooldown_s`; the server's Retry-After
    makes that longer. Then `probes` calls are let through. All of them answered: closed, and the
    cool-down is `cooldown_s` again. One failed: open for twice as long as before. Neither doubling
    nor a Retry-After goes beyond `max_cooldown_s`, so that one bad header costs no model its day.

    Answers come late: calls begun before the breaker opened still fail, or succeed, while a probe
    is out. Give what `started` returned back with the result and such a late one moves nothing
    (its Retry-After is heeded). Without it, a result is taken for the probe's while one is out.

    A probe whose result never comes: `cancelled` gives its place back at once, and one that was
    not even cancelled is given up after `max_cooldown_s`.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        window_s: float = 30.0,
        cooldown_s: float = 5.0,
        max_cooldown_s: float = 120.0,
        probes: int = 1,
    ) -> None:
        if failures < 1 or probes < 1:
            raise ConfigError(
                f"breaker.failures is {failures} and breaker.probes is {probes}; give at least 1"
            )
        if not (window_s > 0 and 0 < cooldown_s <= max_cooldown_s):
            raise ConfigError(
                f"breaker.window_s is {window_s}, cooldown_s {cooldown_s}, max_cooldown_s "
                f"{max_cooldown_s}; give positive seconds, and a maximum not below the cool-down"
            )
        self.failures, self.window_s, self.probes = failures, window_s, probes
        self.cooldown_s, self.max_cooldown_s = cooldown_s, max_cooldown_s
        self.openings = 0  #: times it opened, failed probes included
        self._failed_at: deque[float] = deque(maxlen=failures)  # in a row, while closed
        self._open = False
        self._until = 0.0  # no call before, once open; while closed, what servers asked for
        self._cooldown = cooldown_s  # of the next opening
        self._probing: list[float] = []  # when the probes began that are out
        self._answered = 0  # probes that were, since it opened

    @property
    def closed(self) -> bool:
        """Neither open nor half open."""
        return not self._open

    def state(self, now: float) -> State:
        """Pure: an open breaker is half open from the end of its cool-down."""
        if not self._open:
            return "closed"
        return "open" if now < self._until else "half_open"

    def allows(self, now: float) -> bool:
        """Whether a call may begin; pure."""
        state = self.state(now)
        if state == "half_open":
            out = sum(now - began < self.max_cooldown_s for began in self._probing)
            return out + self._answered < self.probes
        return state == "closed"

    def started(self, now: float) -> int:
        """A call begins, a probe where the breaker is open; the number goes with its result."""
        if self._open:
            lost_before = now - self.max_cooldown_s
            self._probing = [began for began in self._probing if began > lost_before]
            self._probing.append(now)
        return self.openings

    def succeeded(self, now: float, *, begun: int | None = None) -> None:
        """The model answered."""
        if not self._open:
            if begun is None or begun == self.openings:  # as `_late`
                self._failed_at.clear()
                self._until = 0.0  # it answers again, whatever it asked for
        elif self._probe_ended(begun):
            self._answered += 1
            if self._answered >= self.probes:
                self._close()

    def failed(
        self,
        now: float,
        retry_after_s: float | None = None,
        *,
        at_once: bool = False,
        begun: int | None = None,
    ) -> None:
        """A call failed in a way that speaks against the model; `at_once` opens uncounted."""
        self._heed(now, retry_after_s)
        if not self._open:
            if not self._late(begun):
                self._count(now, at_once=at_once)
        elif self._probe_ended(begun):
            self._cooldown = min(2.0 * self._cooldown, self.max_cooldown_s)
            self._trip(now)

    def cancelled(self, now: float, *, begun: int | None = None) -> None:
        """The call ended and says nothing of the model: a probe's place is free again."""
        if self._open:
            self._probe_ended(begun)

    def _late(self, begun: int | None) -> bool:
        return begun is not None and begun != self.openings

    def _probe_ended(self, begun: int | None) -> bool:
        if self._late(begun) or not self._probing:
            return False
        self._probing.pop(0)
        return True

    def _heed(self, now: float, retry_after_s: float | None) -> None:
        if retry_after_s is not None and retry_after_s > 0:
            self._until = max(self._until, now + min(retry_after_s, self.max_cooldown_s))

    def _count(self, now: float, *, at_once: bool) -> None:
        self._failed_at.append(now)
        in_a_row = len(self._failed_at) == self.failures
        if at_once or (in_a_row and now - self._failed_at[0] <= self.window_s):
            self._trip(now)

    def _trip(self, now: float) -> None:
        self._open = True
        self.openings += 1
        self._until = max(self._until, now + self._cooldown)
        self._failed_at.clear()
        self._probing.clear()
        self._answered = 0

    def _close(self) -> None:
        self._open = False
        self._until = 0.0
        self._cooldown = self.cooldown_s
        self._probing.clear()


class Breakers:
    """One breaker a model name, made when the model is first asked for, all with one setting."""

    def __init__(
        self,
        *,
        failures: int = 5,
        window_s: float = 30.0,
        cooldown_s: float = 5.0,
        max_cooldown_s: float = 120.0,
        probes: int = 1,
    ) -> None:
        self._new = partial(
            CircuitBreaker,
            failures=failures,
            window_s=window_s,
            cooldown_s=cooldown_s,
            max_cooldown_s=max_cooldown_s,
            probes=probes,
        )
        self._new()  # wrong settings are told now, not at the first call
        self._breakers: dict[str, CircuitBreaker] = {}

    def of(self, model: str) -> CircuitBreaker:
        """The breaker of this model."""
        if model not in self._breakers:
            self._breakers[model] = self._new()
        return self._breakers[model]

    @property
    def all_closed(self) -> bool:
        """Whether every model may be asked."""
        for breaker in self._breakers.values():  # noqa: SIM110 (a generator takes longer)
            if breaker._open:
                return False
        return True

    def allows(self, model: str, now: float) -> bool:
        """Whether a call to this model may begin; pure."""
        return model not in self._breakers or self._breakers[model].allows(now)

    def started(self, model: str, now: float) -> int:
        """A call to this model begins; the number goes with its result."""
        breaker = self._breakers.get(model)
        if breaker is None:
            breaker = self.of(model)
        return breaker.started(now) if breaker._open else breaker.openings

    def ended(
        self, model: str, failure: Failure | None, now: float, *, begun: int | None = None
    ) -> None:
        """A call to this model ended; None where it was answered. Says here what counts."""
        breaker = self._breakers.get(model)
        if breaker is None:
            breaker = self.of(model)
        if failure is None:
            breaker.succeeded(now, begun=begun)
        elif failure.kind in COUNTED or failure.kind in AT_ONCE:
            at_once = failure.kind in AT_ONCE
            breaker.failed(now, failure.retry_after_s, at_once=at_once, begun=begun)
        else:
            breaker.cancelled(now, begun=begun)

    @property
    def openings(self) -> dict[str, int]:
        """Times that each model's breaker opened, of the models that were asked."""
        return {model: breaker.openings for model, breaker in sorted(self._breakers.items())}
