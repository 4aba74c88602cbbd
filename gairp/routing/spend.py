"""A ceiling that what a run spends cannot cross, whatever its calls do.

What a call may cost at most is reserved before it is sent. At all times

    spent + kept + reserved <= ceiling,

in money and in tokens, as long as no settlement exceeds its reservation; where one does (a server
that ignored max_tokens), that is an overrun, counted against the arm, and the ceiling lets nothing
new through until there is room.

Money is kept in whole picodollars (10^-12 USD, a ten-thousandth of a token at one cent per million)
so that sums are exact in any order and after any restart. A price times a count rarely is whole:
amounts are rounded up, the ceiling down, so that rounding never lets a call through. Floats come in
by their shortest decimal text: 0.1 is a tenth of a dollar and not the binary number next to it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from gairp.errors import ConfigError

#: Ids of closed calls that are remembered: a long run must not grow with what is settled.
REMEMBERED = 4096
_PICO_DIGITS = 12
_PICO: int = 10**_PICO_DIGITS


class Charge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of the log: what a call may cost at most (an intent), or did cost (a settlement)."""

    call_id: str
    usd: float
    tokens: float
    arm: str = ""


class Overrun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """By how much the calls of one arm exceeded what was reserved for them."""

    calls: int = 0
    usd: float = 0.0
    tokens: int = 0


class _Amount(msgspec.Struct, frozen=True, gc=False):
    pico: int = 0
    tokens: int = 0

    def __add__(self, other: _Amount) -> _Amount:
        return _Amount(self.pico + other.pico, self.tokens + other.tokens)

    def __sub__(self, other: _Amount) -> _Amount:
        return _Amount(self.pico - other.pico, self.tokens - other.tokens)


class _Open(msgspec.Struct, gc=False):
    """A call that is not settled; an amount that nobody could bound has no limit to overrun."""

    held: _Amount
    arm: str = ""
    bounded_usd: bool = True
    bounded_tokens: bool = True
    kept: bool = False

    def overrun(self, billed: _Amount) -> _Amount:
        over = billed - self.held
        return _Amount(
            max(over.pico, 0) if self.bounded_usd else 0,
            max(over.tokens, 0) if self.bounded_tokens else 0,
        )


class SpendCeiling:
    """At most `usd` dollars and `tokens` tokens, in and out, for the whole run; None: no limit.

    A call is reserved, and then ends in one of three ways: settled (billed so much), released
    (nothing was billed), or kept (nobody knows: the whole reservation counts as spent until
    `reconcile`). Each call id is opened once and closed once; what comes twice is ignored and
    counted in `duplicates`, so that a log may be read again; the last `REMEMBERED` closed ids are
    known, which is far more than can be in flight.

    An amount that is no amount (NaN for unknown, infinite, negative) cannot be reserved where there
    is a ceiling on it, and is settled as it was reserved; `unmeasured` counts them. Nothing here
    raises once it is made, and nothing awaits: safe among the tasks of one event loop, not among
    threads.
    """

    def __init__(self, *, usd: float | None = None, tokens: int | None = None) -> None:
        for name, value in {"usd": usd, "tokens": tokens}.items():
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"ceiling.{name} is {value}; give a finite amount, 0 or more")
        self.usd, self.tokens = usd, tokens
        self._ceiling_pico = None if usd is None else _whole(usd, _PICO_DIGITS, ROUND_FLOOR)
        self.refused = 0  #: reservations that would have crossed the ceiling
        self.duplicates = 0  #: calls opened or closed a second time; ignored
        self.unmeasured = 0  #: amounts nobody knew: settled as reserved, reserved as 0
        self._spent, self._kept, self._reserved = _Amount(), _Amount(), _Amount()
        self._open: dict[str, _Open] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()  # the last of them, oldest first
        self._overruns: dict[str, Overrun] = {}

    def reserve(self, call_id: str, usd: float, tokens: float, *, arm: str = "") -> bool:
        """Hold what the call may cost at most; False, and nothing is held, where that is too much.

        Also False where the id was used before: one reservation pays for one call.
        """
        if self._known(call_id):
            self.duplicates += 1
            return False
        if not self._reservable(usd, tokens):
            self.refused += 1
            return False
        call = self._opened(usd, tokens, arm)
        if self._crosses(self._total() + call.held):
            self.refused += 1
            return False
        self._open[call_id] = call
        self._reserved += call.held
        return True

    def settle(self, call_id: str, usd: float, tokens: float) -> bool:
        """The call was billed so much; the rest is given back. False where it overran.

        An id that was never reserved was billed all the same: it is spent, as an overrun of the
        arm "". After `keep` this reconciles.
        """
        if call_id in self._closed:
            self.duplicates += 1
            return True
        call = self._take(call_id)
        amount = self._amount(usd, tokens, call.held)
        self._spent += amount
        return self._within(call, amount)

    def keep(self, call_id: str) -> None:
        """The call ended and nobody knows what it was billed: as if all that was reserved."""
        call = self._open.get(call_id)
        if call is None or call.kept:
            self.duplicates += 1
            return
        call.kept = True
        self._reserved -= call.held
        self._kept += call.held

    def reconcile(self, call_id: str, usd: float, tokens: float) -> bool:
        """A bill has told what a kept call cost; as `settle`."""
        return self.settle(call_id, usd, tokens)

    def release(self, call_id: str) -> None:
        """The call was certainly not billed: all that was reserved is given back."""
        if call_id not in self._open:
            self.duplicates += 1
            return
        self._take(call_id)

    def restore(self, intents: Iterable[Charge], settlements: Iterable[Charge]) -> None:
        """Take up an earlier run's log, in any order and more than once.

        An intent without a settlement is kept: the call may have been sent. A release is a
        settlement of 0. Nothing is refused, since it has happened.
        """
        fresh = list[str]()
        for intent in intents:
            if self._known(intent.call_id):
                self.duplicates += 1
                continue
            call = self._opened(intent.usd, intent.tokens, intent.arm)
            self._open[intent.call_id] = call
            self._reserved += call.held
            fresh.append(intent.call_id)
        for settlement in settlements:
            self.settle(settlement.call_id, settlement.usd, settlement.tokens)
        for call_id in fresh:
            if call_id in self._open:
                self.keep(call_id)

    @property
    def overruns(self) -> dict[str, Overrun]:
        """By arm, where any call was billed above its reservation."""
        return dict(self._overruns)

    @property
    def spent_usd(self) -> float:
        """USD billed."""
        return self._spent.pico / _PICO

    @property
    def reserved_usd(self) -> float:
        """USD held for calls that are under way."""
        return self._reserved.pico / _PICO

    @property
    def kept_usd(self) -> float:
        """USD held for calls that ended without a bill."""
        return self._kept.pico / _PICO

    @property
    def left_usd(self) -> float:
        """USD that may still be reserved; infinite without a ceiling, negative after overruns."""
        if self._ceiling_pico is None:
            return math.inf
        return (self._ceiling_pico - self._total().pico) / _PICO

    @property
    def spent_tokens(self) -> int:
        """Tokens billed, in and out."""
        return self._spent.tokens

    @property
    def reserved_tokens(self) -> int:
        """Tokens held for calls that are under way."""
        return self._reserved.tokens

    @property
    def kept_tokens(self) -> int:
        """Tokens held for calls that ended without a bill."""
        return self._kept.tokens

    @property
    def left_tokens(self) -> float:
        """Tokens that may still be reserved; infinite without a ceiling."""
        return math.inf if self.tokens is None else self.tokens - self._total().tokens

    def _total(self) -> _Amount:
        return self._spent + self._kept + self._reserved

    def _known(self, call_id: str) -> bool:
        return call_id in self._open or call_id in self._closed

    def _reservable(self, usd: float, tokens: float) -> bool:
        return (self.usd is None or _measured(usd)) and (self.tokens is None or _measured(tokens))

    def _crosses(self, total: _Amount) -> bool:
        return (self._ceiling_pico is not None and total.pico > self._ceiling_pico) or (
            self.tokens is not None and total.tokens > self.tokens
        )

    def _opened(self, usd: float, tokens: float, arm: str) -> _Open:
        held = self._amount(usd, tokens, _Amount())
        return _Open(held, arm, _measured(usd), _measured(tokens))

    def _amount(self, usd: float, tokens: float, otherwise: _Amount) -> _Amount:
        """As whole units; what was not measured counts as it does in `otherwise`."""
        self.unmeasured += (not _measured(usd)) + (not _measured(tokens))
        return _Amount(
            _whole(usd, _PICO_DIGITS, ROUND_CEILING) if _measured(usd) else otherwise.pico,
            _whole(tokens, 0, ROUND_CEILING) if _measured(tokens) else otherwise.tokens,
        )

    def _take(self, call_id: str) -> _Open:
        """Close a call and free what is held for it."""
        self._closed[call_id] = None
        if len(self._closed) > REMEMBERED:
            self._closed.popitem(last=False)
        call = self._open.pop(call_id, None)
        if call is None:
            return _Open(_Amount())
        if call.kept:
            self._kept -= call.held
        else:
            self._reserved -= call.held
        return call

    def _within(self, call: _Open, billed: _Amount) -> bool:
        over = call.overrun(billed)
        if over == _Amount():
            return True
        before = self._overruns.get(call.arm, Overrun())
        self._overruns[call.arm] = Overrun(
            calls=before.calls + 1,
            usd=before.usd + over.pico / _PICO,
            tokens=before.tokens + over.tokens,
        )
        return False


def _measured(value: float) -> bool:
    return math.isfinite(value) and value >= 0


def _whole(value: float, digits: int, rounding: str) -> int:
    """`value` · 10^digits as a whole number, exact but for the rounding asked for."""
    return int(Decimal(str(value)).scaleb(digits).to_integral_value(rounding))
