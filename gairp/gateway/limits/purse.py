"""Dollar budgets of one process: what is spent, kept and reserved never exceeds them."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from gairp.gateway.limits.periods import HOUR_S, period_key
from gairp.gateway.limits.rules import Quotas, budgets_of
from gairp.gateway.limits.standing import Standing
from gairp.gateway.principal import Principal, Quota

PICO = 10**12
_CLOSED = 4096


def pico(usd: float) -> int:
    """Whole picodollars, rounded up: sums are exact, and rounding lets no call through."""
    return math.ceil(usd * PICO)


class Account:
    """One budget in one period, in picodollars."""

    __slots__ = ("held", "spent")

    def __init__(self) -> None:
        self.spent = 0
        self.held = 0  #: reserved, and kept where nobody knows what a call cost


class _Budgets:
    """Those of one principal, with their accounts of an hour: no period ends within one."""

    __slots__ = ("hour", "quotas", "rows")

    def __init__(self, quotas: Quotas) -> None:
        self.quotas = quotas
        self.hour = -1
        #: USD at most, the same in picodollars, and where they are counted
        self.rows: list[tuple[float, int, Account]] = []


class MemoryPurse:
    """A call is held once and closed once; what comes twice changes nothing."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._accounts: dict[tuple[str, str], Account] = {}
        self._open: dict[str, tuple[int, list[tuple[float, int, Account]]]] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()
        self._standing = Standing(lambda quotas, _: _Budgets(budgets_of(quotas)))

    def left_usd(self, principal: Principal) -> float:
        """The tightest of the budgets that hold for every model."""
        left = math.inf
        for usd, _, account in self._of(principal).rows:
            here = usd - (account.spent + account.held) / PICO
            if here < left:
                left = here
        return left

    async def hold(self, principal: Principal, call_id: str, usd: float) -> bool:
        """Where a budget is set, an amount that nobody knows cannot be held."""
        rows = self._of(principal).rows
        if not rows:
            return True
        if call_id in self._open or call_id in self._closed or not 0 <= usd < math.inf:
            return False
        amount = math.ceil(usd * PICO)  # as `pico`
        for _, most, account in rows:
            if account.spent + account.held + amount > most:
                return False
        for row in rows:
            row[2].held += amount
        self._open[call_id] = amount, rows
        return True

    async def settle(self, principal: Principal, call_id: str, usd: float) -> None:
        """It cost so much, in the period in which it was held; also after `keep`."""
        self._close(call_id, math.ceil(usd * PICO))

    async def keep(self, principal: Principal, call_id: str) -> None:
        """It stays held until `settle` says what it cost."""

    async def held_calls(self) -> dict[str, list[str]]:
        """Calls of this process that are held; the budgets are known by the call."""
        return {name: [] for name in self._open}

    async def close_call(self, call_id: str, keys: Sequence[str], amount: int) -> None:
        """A call that `held_calls` named did cost so many picodollars."""
        self._close(call_id, amount)

    def restore(self, spent: Mapping[tuple[str, str], tuple[float, float]]) -> None:
        """(name, period) -> (USD spent, USD held where nobody knows), of a ledger."""
        for key, (usd, kept) in spent.items():
            account = self._accounts.setdefault(key, Account())
            account.spent, account.held = pico(usd), pico(kept)

    def spent_usd(self, name: str, period: str) -> float:
        """USD spent of one budget in one period."""
        account = self._accounts.get((name, period))
        return 0.0 if account is None else account.spent / PICO

    def _close(self, call_id: str, amount: int) -> None:
        opened = self._open.pop(call_id, None)
        if opened is None:
            return
        held, rows = opened
        for _, _, account in rows:
            account.held -= held
            account.spent += amount
        self._closed[call_id] = None
        if len(self._closed) > _CLOSED:
            self._closed.popitem(last=False)

    def _of(self, principal: Principal) -> _Budgets:
        quotas, standing = principal.quotas, self._standing
        known = standing.known.get((id(quotas), ""))
        found = known[1] if known and known[0] is quotas else standing.of(quotas, "")
        now = self._now()
        if (hour := int(now // HOUR_S)) != found.hour:
            found.hour = hour
            found.rows = [self._row(name, quota, now) for name, quota in found.quotas]
        return found

    def _row(self, name: str, quota: Quota, now: float) -> tuple[float, int, Account]:
        usd = quota.usd or 0.0
        return usd, math.floor(usd * PICO), self._account(name, period_key(quota.usd_period, now))

    def _account(self, name: str, period: str) -> Account:
        account = self._accounts.get((name, period))
        if account is None:
            account = self._accounts[name, period] = Account()
        return account
