"""Limits of one process."""

from __future__ import annotations

import time
from collections.abc import Callable

from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from gairp.gateway.limits.bucket import TokenBucket
from gairp.gateway.limits.protocol import Headers, Ticket
from gairp.gateway.limits.rules import Quotas, holding, never_fits, too_many
from gairp.gateway.limits.standing import Standing
from gairp.gateway.limits.windows import WindowStorage
from gairp.gateway.principal import Principal

_MINUTE_S = 60
_SOON_S = 1.0  #: when to try again where too many requests are under way: nobody knows


class _Counters:
    """Those that a request counts in."""

    __slots__ = ("places", "requests", "tokens")

    def __init__(self) -> None:
        self.places: list[tuple[str, int]] = []  #: requests at once: name, most
        self.tokens: list[tuple[str, int, TokenBucket]] = []  #: name, tokens a minute
        #: name, requests a minute, the library's item and its key for the name
        self.requests: list[tuple[str, int, RateLimitItemPerMinute, str]] = []


class MemoryLimits:
    """Requests a minute by the `limits` library (sliding window); tokens and concurrency ours."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._windows = WindowStorage()
        self._requests = SlidingWindowCounterRateLimiter(self._windows)
        self._buckets: dict[str, TokenBucket] = {}
        self._under_way: dict[str, int] = {}
        self._standing = Standing(self._counters)

    async def admit(self, principal: Principal, model: str, tokens: int) -> Ticket:
        """All of the quotas, or none: what the first ones held is given back."""
        if not principal.quotas:
            return Ticket(principal=principal, model=model, tokens=tokens)
        quotas, standing, now = principal.quotas, self._standing, self._now()
        known = standing.known.get((id(quotas), model))
        counters = known[1] if known and known[0] is quotas else standing.of(quotas, model)
        under_way = self._under_way
        for name, most in counters.places:
            if under_way.get(name, 0) >= most:
                raise too_many("requests at once", name, most, _SOON_S)
        headers = self._take_tokens(counters, tokens, now)
        try:
            headers += self._hit(counters)
        except BaseException:
            self._give(counters, tokens, now)
            raise
        for name, _ in counters.places:
            under_way[name] = under_way.get(name, 0) + 1
        return Ticket(
            principal=principal, model=model, tokens=tokens, headers=headers, counted=counters,
            at=now,
        )  # fmt: skip

    async def done(self, ticket: Ticket, tokens: int) -> None:
        """Settle the tokens, free the place."""
        counters = ticket.counted
        if isinstance(counters, _Counters):
            self._give(counters, ticket.tokens - tokens, self._now())
            for name, _ in counters.places:
                self._under_way[name] -= 1

    def under_way(self, name: str) -> int:
        """Requests of a quota that are not done."""
        return self._under_way.get(name, 0)

    # -- inside ----------------------------------------------------------------------------

    def _counters(self, quotas: Quotas, model: str) -> _Counters:
        found, now = _Counters(), self._now()
        for name, quota in holding(quotas, model):
            if quota.concurrency is not None:
                found.places.append((name, quota.concurrency))
            if quota.tpm is not None:
                bucket = self._buckets.setdefault(name, TokenBucket(quota.tpm, now))
                found.tokens.append((name, quota.tpm, bucket))
            if quota.rpm is not None:
                item = RateLimitItemPerMinute(quota.rpm)
                found.requests.append((name, quota.rpm, item, item.key_for(name)))
        return found

    def _take_tokens(
        self, counters: _Counters, tokens: int, now: float
    ) -> list[tuple[bytes, bytes]]:
        """Hold them in each bucket; headers that tell of the tightest."""
        tightest: tuple[float, int] | None = None
        held: list[TokenBucket] = []
        for name, tpm, bucket in counters.tokens:
            if bucket.limit != tpm:
                bucket.fill(tpm, now)
            wait_s = bucket.take(tokens, now)
            if wait_s:
                for other in held:
                    other.give(tokens, now)
                if tokens > tpm:
                    raise never_fits(name, tpm, tokens)
                raise too_many("tokens a minute", name, tpm, wait_s)
            held.append(bucket)
            left = bucket.tokens, tpm
            if tightest is None or left < tightest:
                tightest = left
        if tightest is None:
            return []
        left_tokens, limit = tightest
        return [
            (b"x-ratelimit-limit-tokens", b"%d" % limit),
            (b"x-ratelimit-remaining-tokens", b"%d" % (left_tokens if left_tokens > 0.0 else 0)),
        ]

    def _give(self, counters: _Counters, tokens: int, now: float) -> None:
        for _, tpm, bucket in counters.tokens:
            if bucket.limit != tpm:
                bucket.fill(tpm, now)
            bucket.give(tokens, now)

    def _hit(self, counters: _Counters) -> Headers:
        """Test all before one is counted: a refusal must not use up the others."""
        counted = counters.requests
        if not counted:
            return ()
        if len(counted) > 1:
            for name, rpm, item, _ in counted:
                if not self._requests.test(item, name):
                    raise self._full(name, rpm, item)
        tightest: tuple[int, int] | None = None
        for name, rpm, item, key in counted:
            # As the strategy's `hit` and its statistics, which would join the key anew.
            left = self._windows.hit(key, rpm, _MINUTE_S)
            if left < 0:
                raise self._full(name, rpm, item)
            if tightest is None or rpm < tightest[0]:
                tightest = rpm, left
        assert tightest is not None
        return (
            (b"x-ratelimit-limit-requests", b"%d" % tightest[0]),
            (b"x-ratelimit-remaining-requests", b"%d" % tightest[1]),
        )

    def _full(self, name: str, rpm: int, item: RateLimitItemPerMinute) -> Exception:
        reset = self._requests.get_window_stats(item, name).reset_time - time.time()
        return too_many("requests a minute", name, rpm, max(reset, 0.0))
