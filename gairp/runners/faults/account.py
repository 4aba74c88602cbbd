"""What we think that calls cost beside what the servers charge, and the promises that follow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from gairp.backends.fake.ledger import Call as Asked
from gairp.records.events import Called, Event, Observed, Settled
from gairp.runners.faults.serving import Served


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens in and out, by our journal and by the servers' ledgers. The last four must be 0."""

    calls: int = 0
    billed: int = 0  #: settled as charged
    held: int = 0  #: reserved for calls of which nobody knows what they cost
    charged: int = 0  #: by the servers
    lost: int = 0  #: answers that reached a client, and that the journal lacks
    twice: int = 0  #: calls settled twice, and calls made though there was an answer already
    hidden: int = 0  #: calls that a server saw and the journal does not know
    uncovered: int = 0  #: tokens charged for any call, and neither billed nor held for it

    def broken(self) -> list[str]:
        """The promises that were not kept."""
        names = ("lost", "twice", "hidden", "uncovered")
        return [f"{name} {getattr(self, name)}" for name in names if getattr(self, name)]


def account(served: Served, asked: Iterable[Asked]) -> Account:
    """Of all that was served; `asked` are the servers' own entries, each under its call's id."""
    asked = list(asked)
    called = [event for event in served.events if isinstance(event, Called)]
    settled = [event for event in served.events if isinstance(event, Settled)]
    billed, held = _billed(settled), _held(called, settled)
    charged = _by_call((call.id, call.billed_input + call.billed_output) for call in asked)
    seen = Counter(call.id for call in asked)
    known = Counter(event.call_id for event in called)
    return Account(
        calls=len(called),
        billed=sum(billed.values()),
        held=sum(held.values()),
        charged=sum(charged.values()),
        lost=_lost(served, asked),
        twice=_twice(served.events),
        hidden=sum((seen - known).values()),
        uncovered=sum(
            max(0, tokens - billed[call_id] - held[call_id]) for call_id, tokens in charged.items()
        ),
    )


def _billed(settled: Sequence[Settled]) -> dict[str, int]:
    return _by_call(
        (event.call_id, int(event.usage.input_tokens + event.usage.output_tokens))
        for event in settled
        if event.billing == "billed"
    )


def _held(called: Sequence[Called], settled: Sequence[Settled]) -> dict[str, int]:
    known = {event.call_id for event in settled if event.billing != "unknown"}
    return _by_call(
        (event.call_id, event.reserved_tokens) for event in called if event.call_id not in known
    )


def _lost(served: Served, asked: Sequence[Asked]) -> int:
    """Answers that a client received, or that came whole to one who waited for it, and are gone.

    An answer is there once its call is settled without a failure and its decision observed. What
    a server that nothing had struck sent whole counts as received unless whoever asked had given
    up or left: the client's time was up by a clock that is not its own, or its caller had gone.
    """
    settled = [event for event in served.events if isinstance(event, Settled)]
    well = {event.call_id for event in settled if event.error is None}
    ends = [event.attempts for event in served.events if isinstance(event, Observed)]
    kept = well & {ended.call_id for attempts in ends for ended in attempts}
    received = {call.id for call, response in served.responses if response.error is None}
    sent = Counter(call.id for call in asked if call.finished and not call.faults)
    unheard = sum(
        count
        for call_id, count in (sent - Counter(received)).items()
        if call_id not in served.gave_up and _request(call_id) not in served.left
    )
    return len(received - kept) + unheard


def _twice(events: Sequence[Event]) -> int:
    settled = Counter(event.call_id for event in events if isinstance(event, Settled))
    twice, answered = sum(count - 1 for count in settled.values()), set[str]()
    for event in events:
        if isinstance(event, Settled) and event.error is None:
            answered.add(_request(event.call_id))
        elif isinstance(event, Called):
            twice += _request(event.call_id) in answered
    return twice


def _by_call(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    total: dict[str, int] = defaultdict(int)
    for call_id, tokens in amounts:
        total[call_id] += tokens
    return total


def _request(call_id: str) -> str:
    """The request of a call, out of `REQUEST/ATTEMPT.CALL`."""
    return call_id.rpartition("/")[0]
