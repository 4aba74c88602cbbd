"""Limits of one process."""

from __future__ import annotations

import time
from collections.abc import Callable

from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from gairp.gateway.limits.bucket import TokenBucket
from gairp.gateway.limits.protocol import Headers, Ticket
from gairp.gateway.limits.rules import Quotas, holding, never_fits, too_many
from gairp.gateway.limits.windows import WindowStorage
from gairp.gateway.principal import Principal

_MINUTE_S = 60
_SOON_S = 1.0  #: when to try again where too many requests are under way: nobody knows


class MemoryLimits:
    """Requests a minute by the `limits` library (sliding window); tokens and concurrency ours."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._windows = WindowStorage()
        self._requests = SlidingWindowCounterRateLimiter(self._windows)
        self._items: dict[int, RateLimitItemPerMinute] = {}
        self._keys: dict[tuple[str, int], str] = {}
        self._buckets: dict[str, TokenBucket] = {}
        self._under_way: dict[str, int] = {}

    async def admit(self, principal: Principal, model: str, tokens: int) -> Ticket:
        """All of the quotas, or none: what the first ones held is given back."""
        quotas, now = holding(principal.quotas, model), self._now()
        if not quotas:
            return Ticket(principal=principal, model=model, tokens=tokens)
        for name, quota in quotas:
            most = quota.concurrency
            if most is not None and self._under_way.get(name, 0) >= most:
                raise too_many("requests at once", name, most, _SOON_S)
        self._take_tokens(quotas, tokens, now)
        try:
            self._hit(quotas)
        except BaseException:
            self._give(quotas, tokens, now)
            raise
        for name, quota in quotas:
            if quota.concurrency is not None:
                self._under_way[name] = self._under_way.get(name, 0) + 1
        return Ticket(
            principal=principal, model=model, tokens=tokens, headers=self._headers(quotas, now),
            at=now,
        )  # fmt: skip

    async def done(self, ticket: Ticket, tokens: int) -> None:
        """Settle the tokens, free the place."""
        quotas = holding(ticket.principal.quotas, ticket.model)
        if quotas:
            self._give(quotas, ticket.tokens - tokens, self._now())
        for name, quota in quotas:
            if quota.concurrency is not None:
                self._under_way[name] -= 1

    def under_way(self, name: str) -> int:
        """Requests of a quota that are not done."""
        return self._under_way.get(name, 0)

    # -- inside ----------------------------------------------------------------------------

    def _take_tokens(self, quotas: Quotas, tokens: int, now: float) -> None:
        held: list[TokenBucket] = []
        for name, quota in quotas:
            if quota.tpm is None:
                continue
            bucket = self._bucket(name, quota.tpm, now)
            wait_s = bucket.take(tokens, now)
            if wait_s:
                for other in held:
                    other.give(tokens, now)
                if tokens > quota.tpm:
                    raise never_fits(name, quota.tpm, tokens)
                raise too_many("tokens a minute", name, quota.tpm, wait_s)
            held.append(bucket)

    def _give(self, quotas: Quotas, tokens: int, now: float) -> None:
        for name, quota in quotas:
            if quota.tpm is not None:
                self._bucket(name, quota.tpm, now).give(tokens, now)

    def _hit(self, quotas: Quotas) -> None:
        """Test all before one is counted: a refusal must not use up the others."""
        counted = [(name, q.rpm, self._item(q.rpm)) for name, q in quotas if q.rpm is not None]
        for name, rpm, item in counted:
            if len(counted) > 1 and not self._requests.test(item, name):
                raise self._full(name, rpm, item)
        for name, rpm, item in counted:
            # As the strategy's `hit`, which would join the key anew.
            if not self._windows.acquire_sliding_window_entry(
                self._key(item, name), rpm, _MINUTE_S
            ):
                raise self._full(name, rpm, item)

    def _full(self, name: str, rpm: int, item: RateLimitItemPerMinute) -> Exception:
        reset = self._requests.get_window_stats(item, name).reset_time - time.time()
        return too_many("requests a minute", name, rpm, max(reset, 0.0))

    def _headers(self, quotas: Quotas, now: float) -> Headers:
        """The tightest of each kind."""
        headers: list[tuple[bytes, bytes]] = []
        buckets = [self._buckets[name] for name, quota in quotas if quota.tpm is not None]
        if buckets:
            left, limit = min([(bucket.left(now), bucket.limit) for bucket in buckets])
            headers += [
                (b"x-ratelimit-limit-tokens", b"%d" % limit),
                (b"x-ratelimit-remaining-tokens", b"%d" % (left if left > 0.0 else 0)),
            ]
        counted = [(quota.rpm, name) for name, quota in quotas if quota.rpm is not None]
        if counted:
            rpm, name = min(counted)
            left = self._windows.left(self._key(self._item(rpm), name), rpm, _MINUTE_S)
            headers += [
                (b"x-ratelimit-limit-requests", b"%d" % rpm),
                (b"x-ratelimit-remaining-requests", b"%d" % left),
            ]
        return headers

    def _item(self, rpm: int) -> RateLimitItemPerMinute:
        item = self._items.get(rpm)
        if item is None:
            item = self._items[rpm] = RateLimitItemPerMinute(rpm)
        return item

    def _key(self, item: RateLimitItemPerMinute, name: str) -> str:
        """The library's key of a quota."""
        key = self._keys.get((name, item.amount))
        if key is None:
            key = self._keys[name, item.amount] = item.key_for(name)
        return key

    def _bucket(self, name: str, limit: int, now: float) -> TokenBucket:
        bucket = self._buckets.get(name)
        if bucket is None or bucket.limit != limit:
            bucket = self._buckets[name] = TokenBucket(limit, now)
        return bucket
