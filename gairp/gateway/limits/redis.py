"""Limits and budgets that many processes share: scripts that Redis runs whole or not at all."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from gairp.errors import MissingDependencyError
from gairp.gateway.errors import ApiError
from gairp.gateway.limits.periods import period_key
from gairp.gateway.limits.protocol import Ticket
from gairp.gateway.limits.purse import PICO, pico
from gairp.gateway.limits.rules import Quotas, budgets, holding, never_fits, too_many
from gairp.gateway.principal import Principal

if TYPE_CHECKING:
    from redis.asyncio import Redis

_PREFIX = "gairp:"
_PATIENT_S = 0.5  #: for an answer of Redis, which takes far less than a millisecond
_OWED = 100_000
_LEASE_S = 900  #: a place that a killed process held is free again after so long

# For each quota: ARGV holds rpm, tpm, concurrency (-1 for none). Keys: requests of this minute and
# of the last one (a sliding window counter), bucket, places. Nothing is written before all fit.
_ADMIT = """
local now, tokens, lease, ticket = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local minute = math.floor(now / 60)
local weight = 1 - (now - minute * 60) / 60
local left = {}
for i = 1, #KEYS do
  local rpm, tpm = tonumber(ARGV[2 + 3 * i]), tonumber(ARGV[3 + 3 * i])
  local most = tonumber(ARGV[4 + 3 * i])
  local key = KEYS[i]
  if most >= 0 then
    redis.call('ZREMRANGEBYSCORE', key .. ':places', '-inf', now)
    if redis.call('ZCARD', key .. ':places') >= most then return {i, 'places', '1'} end
  end
  if rpm >= 0 then
    local before = tonumber(redis.call('GET', key .. ':rpm:' .. (minute - 1)) or '0')
    local here = tonumber(redis.call('GET', key .. ':rpm:' .. minute) or '0')
    if before * weight + here + 1 > rpm then
      return {i, 'rpm', tostring(60 * (minute + 1) - now)}
    end
  end
  left[i] = -1
  if tpm >= 0 then
    local held = redis.call('HMGET', key .. ':bucket', 'left', 'at')
    local has = tonumber(held[1] or tpm)
    has = math.min(tpm, has + math.max(0, now - tonumber(held[2] or now)) * tpm / 60)
    if tokens > has then return {i, 'tpm', tostring((tokens - has) * 60 / tpm)} end
    left[i] = has - tokens
  end
end
for i = 1, #KEYS do
  local rpm, tpm = tonumber(ARGV[2 + 3 * i]), tonumber(ARGV[3 + 3 * i])
  local most = tonumber(ARGV[4 + 3 * i])
  local key = KEYS[i]
  if most >= 0 then
    redis.call('ZADD', key .. ':places', now + lease, ticket)
    redis.call('EXPIRE', key .. ':places', lease)
  end
  if rpm >= 0 then
    redis.call('INCR', key .. ':rpm:' .. minute)
    redis.call('EXPIRE', key .. ':rpm:' .. minute, 130)
  end
  if tpm >= 0 then
    redis.call('HSET', key .. ':bucket', 'left', tostring(left[i]), 'at', tostring(now))
    redis.call('EXPIRE', key .. ':bucket', 3600)
  end
end
return {0, '', '0'}
"""
_DONE = """
local now, tokens, ticket = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
for i = 1, #KEYS do
  local tpm = tonumber(ARGV[3 + i])
  redis.call('ZREM', KEYS[i] .. ':places', ticket)
  if tpm >= 0 then
    local held = redis.call('HMGET', KEYS[i] .. ':bucket', 'left', 'at')
    local has = tonumber(held[1] or tpm) + math.max(0, now - tonumber(held[2] or now)) * tpm / 60
    redis.call('HSET', KEYS[i] .. ':bucket', 'left', tostring(math.min(tpm, has + tokens)),
      'at', tostring(now))
    redis.call('EXPIRE', KEYS[i] .. ':bucket', 3600)
  end
end
return 1
"""
# Amounts are whole picodollars below 2^53, so that Lua's numbers hold them exactly.
_HOLD = """
local call, amount = ARGV[1], tonumber(ARGV[2])
local least = -1
for i = 1, #KEYS do
  if redis.call('HEXISTS', KEYS[i] .. ':calls', call) == 1 then return {0, -1} end
  local spent, held = unpack(redis.call('HMGET', KEYS[i], 'spent', 'held'))
  local left = tonumber(ARGV[2 + i]) - tonumber(spent or '0') - tonumber(held or '0')
  if amount > left then return {0, string.format('%.0f', left)} end
  if least < 0 or left - amount < least then least = left - amount end
end
for i = 1, #KEYS do
  redis.call('HINCRBY', KEYS[i], 'held', ARGV[2])
  redis.call('HSET', KEYS[i] .. ':calls', call, ARGV[2])
end
return {1, string.format('%.0f', least)}
"""
_SETTLE = """
local call, amount = ARGV[1], ARGV[2]
for i = 1, #KEYS do
  local held = redis.call('HGET', KEYS[i] .. ':calls', call)
  if held then
    redis.call('HDEL', KEYS[i] .. ':calls', call)
    redis.call('HINCRBY', KEYS[i], 'held', '-' .. held)
    redis.call('HINCRBY', KEYS[i], 'spent', amount)
  end
end
return 1
"""


def connect(url: str) -> Redis:
    """A client of the server at `url`; MissingDependencyError without the package."""
    try:
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError:
        raise MissingDependencyError("redis", extra="gateway", needed_for="shared limits") from None
    # Nothing is tried again: a script whose answer was lost may have run, and a client whose
    # request is refused at once decides better than one that waits.
    found: Redis = Redis.from_url(
        url, socket_timeout=_PATIENT_S, socket_connect_timeout=_PATIENT_S,
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip
    return found


class Owed:
    """Scripts that free what was held, and that Redis did not hear: until it hears again."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Any, Sequence[str], Sequence[Any]]] = deque(maxlen=_OWED)
        self._paying = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> None:
        """Run it, or remember it."""
        try:
            await _asked(script, keys, arguments)
        except ApiError:
            self._waiting.append((script, keys, arguments))
        except asyncio.CancelledError:
            self._waiting.append((script, keys, arguments))
            raise

    async def pay(self) -> None:
        """Run what waits, as far as Redis hears it; each of them may be run twice."""
        if self._paying:
            return
        self._paying = True
        try:
            while self._waiting:
                await _asked(*self._waiting[0])
                self._waiting.popleft()
        except ApiError:
            return
        finally:
            self._paying = False


class RedisLimits:
    """As `MemoryLimits`, for all processes together. Where Redis is away, requests are refused."""

    def __init__(self, redis: Redis, *, now: Callable[[], float] = time.time) -> None:
        self._redis, self._now = redis, now
        self._admit: Any = redis.register_script(_ADMIT)
        self._done: Any = redis.register_script(_DONE)
        self._tickets: dict[int, str] = {}
        self._owed = Owed()

    async def admit(self, principal: Principal, model: str, tokens: int) -> Ticket:
        """All of the quotas, or none."""
        quotas = holding(principal.quotas, model)
        ticket = Ticket(principal=principal, model=model, tokens=tokens, at=self._now())
        if not quotas:
            return ticket
        name = uuid4().hex
        numbers = [_number(n) for _, q in quotas for n in (q.rpm, q.tpm, q.concurrency)]
        reply = await _asked(
            self._admit, _keys(quotas), [ticket.at, tokens, _LEASE_S, name, *numbers]
        )
        which, kind, wait = int(reply[0]), reply[1], float(reply[2])
        if which:
            raise _refused(quotas[which - 1], kind.decode(), wait, tokens)
        self._tickets[id(ticket)] = name
        if self._owed:
            await self._owed.pay()
        return ticket

    async def done(self, ticket: Ticket, tokens: int) -> None:
        """Settle the tokens, free the place."""
        quotas = holding(ticket.principal.quotas, ticket.model)
        name = self._tickets.pop(id(ticket), None)
        if name is None:
            return
        numbers = [_number(quota.tpm) for _, quota in quotas]
        arguments = [self._now(), ticket.tokens - tokens, name, *numbers]
        await self._owed.run(self._done, _keys(quotas), arguments)


class RedisPurse:
    """As `MemoryPurse`, for all processes together."""

    def __init__(self, redis: Redis, *, now: Callable[[], float] = time.time) -> None:
        self._redis, self._now = redis, now
        self._hold: Any = redis.register_script(_HOLD)
        self._settle: Any = redis.register_script(_SETTLE)
        self._left: dict[tuple[str, ...], float] = {}
        self._open: dict[str, list[str]] = {}
        self._owed = Owed()

    def left_usd(self, principal: Principal) -> float:
        """As the last answer said; before there was one, the whole budget."""
        quotas = budgets(principal)
        if not quotas:
            return math.inf
        whole = min(quota.usd for _, quota in quotas if quota.usd is not None)
        return self._left.get(tuple(self._keys(quotas)), whole)

    async def hold(self, principal: Principal, call_id: str, usd: float) -> bool:
        """Reserve in all budgets, or in none."""
        quotas = budgets(principal)
        if not quotas:
            return True
        if not 0 <= usd < math.inf:
            return False
        keys = self._keys(quotas)
        limits = [math.floor((quota.usd or 0.0) * PICO) for _, quota in quotas]
        held, left = await _asked(self._hold, keys, [call_id, pico(usd), *limits])
        if float(left) >= 0:
            self._left[tuple(keys)] = float(left) / PICO
        if held:
            self._open[call_id] = keys
        if self._owed:
            await self._owed.pay()
        return bool(held)

    async def settle(self, principal: Principal, call_id: str, usd: float) -> None:
        """In the period in which it was held; where Redis is away, as soon as it is back."""
        keys = self._open.pop(call_id, None) or self._keys(budgets(principal))
        if keys:
            await self._owed.run(self._settle, keys, [call_id, pico(usd)])

    async def keep(self, principal: Principal, call_id: str) -> None:
        """It stays held until `settle` says what it cost."""
        self._open.pop(call_id, None)

    async def held_calls(self) -> dict[str, list[str]]:
        """Call -> keys of the budgets that hold it, in all processes; ApiError 503 as `hold`."""
        found: dict[str, list[str]] = {}
        async for name in _heard(self._redis.scan_iter(match=f"{_PREFIX}*:calls", count=1000)):
            async for call, _ in _heard(self._redis.hscan_iter(name, count=1000)):
                key = name.decode().removesuffix(":calls")
                found.setdefault(call.decode(), []).append(key)
        return found

    async def close_call(self, call_id: str, keys: Sequence[str], amount: int) -> None:
        """A call that `held_calls` named did cost so many picodollars."""
        self._open.pop(call_id, None)
        await _asked(self._settle, keys, [call_id, amount])

    def _keys(self, quotas: Quotas) -> list[str]:
        now = self._now()
        return [f"{_PREFIX}{{{name}}}:{period_key(q.usd_period, now)}" for name, q in quotas]


async def _asked(script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
    """Run a script; ApiError 503 where Redis does not answer: nothing can be promised then."""
    try:
        return await script(keys=list(keys), args=list(arguments))
    except Exception as error:
        raise _unheard(error) from None


async def _heard(found: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """What is found, as far as Redis answers."""
    try:
        async for each in found:
            yield each
    except Exception as error:
        raise _unheard(error) from None


def _unheard(error: Exception) -> ApiError:
    """Redis is away; whatever else went wrong is raised as it is."""
    from redis.exceptions import RedisError

    # uvloop has RuntimeError for a connection that was closed under it.
    if not isinstance(error, RedisError | OSError | RuntimeError):
        raise error
    return ApiError(
        503,
        f"limits cannot be checked now ({type(error).__name__}); try again",
        code="limits_unavailable",
        retry_after_s=1.0,
    )


def _keys(quotas: Quotas) -> list[str]:
    return [f"{_PREFIX}{{{name}}}" for name, _ in quotas]


def _number(value: int | None) -> int:
    return -1 if value is None else value


def _refused(quota: tuple[str, Any], kind: str, wait_s: float, tokens: int) -> ApiError:
    name, limits = quota
    if kind == "rpm":
        return too_many("requests a minute", name, limits.rpm, wait_s)
    if kind == "places":
        return too_many("requests at once", name, limits.concurrency, wait_s)
    if tokens > limits.tpm:
        return never_fits(name, limits.tpm, tokens)
    return too_many("tokens a minute", name, limits.tpm, wait_s)
