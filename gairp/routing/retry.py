"""When a failed call is made once more, how long it waits, and when nobody retries any longer."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.types import Failure

_DOUBLINGS = 60  #: beyond that any cap has been reached, and a float would overflow


class RetryRule:
    """Full jitter and exponential back-off, under a budget that the whole run shares.

    The n-th retry of a call waits u · min(cap_s, base_s · 2^(n−1)), u uniform in [0, 1): "full
    jitter", Brooker (2015), "Exponential Backoff And Jitter". Where the server said Retry-After,
    that is the least, and the jitter comes on top, so that clients who were sent away together
    do not come back together. A Retry-After above `max_wait_s` is not waited for: the caller does
    better elsewhere.

    A call is made at most `calls` times. Over the run at most budget_floor + budget_ratio × (first
    calls) retries are granted, so that an outage is met with 1 + budget_ratio times the traffic
    and not with `calls` times: the retry budget of Finagle (Oliver 2016) and of "Site
    Reliability Engineering" (Beyer et al. 2016, chapter 21), kept for the run instead of for a
    window of seconds. Whether an answer that had begun may still be repeated is the caller's to
    know. No clock and no random state here: the caller hands in the uniform number.
    """

    def __init__(
        self,
        *,
        calls: int = 3,
        base_s: float = 0.5,
        cap_s: float = 20.0,
        max_wait_s: float = 60.0,
        budget_ratio: float = 0.2,
        budget_floor: int = 10,
    ) -> None:
        if calls < 1:
            raise ConfigError(f"retry.calls is {calls}; give 1 (never retry) or more")
        amounts = {
            "base_s": base_s,
            "cap_s": cap_s,
            "max_wait_s": max_wait_s,
            "budget_ratio": budget_ratio,
            "budget_floor": budget_floor,
        }
        for name, amount in amounts.items():
            if not amount >= 0:
                raise ConfigError(f"retry.{name} is {amount}; give 0 or more")
        self.calls, self.base_s, self.cap_s, self.max_wait_s = calls, base_s, cap_s, max_wait_s
        self.budget_ratio, self.budget_floor = budget_ratio, budget_floor
        self.first_calls = 0
        self.retries = 0  #: granted
        self.exhausted = 0  #: retries that only the budget forbade

    @property
    def budget_left(self) -> int:
        """Retries that may still be granted before another first call is made."""
        # 0.29 · 100 is 28.999…96: a hair more than nothing, so that a whole number stays whole.
        return int(self.budget_floor + self.budget_ratio * self.first_calls + 1e-9) - self.retries

    def started(self) -> None:
        """A call is made for the first time; it earns `budget_ratio` of a retry."""
        self.first_calls += 1

    def delay(self, failure: Failure, calls_made: int, uniform: float) -> float | None:
        """Seconds to wait before the next call, which the budget has then paid for.

        None to give up: the failure will not pass, the call has been made `calls` times, the
        server wants a longer wait than `max_wait_s`, or the budget is used up (`exhausted` counts
        only the last). `calls_made` counts the failed one, from 1; `uniform` is in [0, 1).
        """
        asked = failure.retry_after_s or 0.0
        asked = asked if asked > 0.0 else 0.0  # NaN and the past say nothing
        if not failure.retryable or calls_made >= self.calls or asked > self.max_wait_s:
            return None
        if self.budget_left < 1:
            self.exhausted += 1
            return None
        self.retries += 1
        doublings = min(max(calls_made - 1, 0), _DOUBLINGS)
        return asked + uniform * min(self.cap_s, self.base_s * 2.0**doublings)
