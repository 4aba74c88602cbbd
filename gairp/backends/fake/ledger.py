"""The server's own account of its calls: what it did, what it sent, what it charges."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

#: What a call costs: nothing; the prompt; the prompt and what was sent; the prompt and all of the
#: answer, though it may never have arrived.
Bill = Literal["none", "input", "sent", "all"]
End = Literal["open", "answered", "refused", "broken", "left"]


class Call(msgspec.Struct, kw_only=True):
    """One request as the server saw it. `left` is a client that hung up, `broken` a fault."""

    number: int
    id: str
    attempt: int  #: how often this id was seen, from 1
    path: str = ""
    model: str = ""
    stream: bool = False
    status: int = 0
    worked: bool = False  #: the model was at work, so that there is something to bill
    input_tokens: int = 0
    output_tokens: int = 0  #: of the whole answer
    sent_tokens: int = 0
    billed_input: int = 0
    billed_output: int = 0
    finished: bool = False
    ended: End = "open"
    faults: tuple[str, ...] = ()
    bill: Bill | None = None  #: a fault's say


class Total(msgspec.Struct, kw_only=True):
    """Sums over all calls that there were, the forgotten ones included."""

    calls: int = 0
    finished: int = 0
    billed_input: int = 0
    billed_output: int = 0


class Ledger:
    """Keeps the last `size` calls; the totals are of all.

    `told` hears of a call when its answer is about to be sent, and again when it has ended.
    """

    def __init__(
        self, *, size: int = 100_000, told: Callable[[Call], object] | None = None
    ) -> None:
        self.size, self._told = size, told
        self.total = Total()
        self._calls: deque[Call] = deque()
        self._last: dict[str, Call] = {}

    def open(self, id: str | None, path: str) -> Call:
        """A new call; without an id it is named by its number."""
        self.total.calls += 1
        id = id or f"call-{self.total.calls}"
        before = self._last.get(id)
        attempt = 1 if before is None else before.attempt + 1
        call = self._last[id] = Call(number=self.total.calls, id=id, attempt=attempt, path=path)
        self._calls.append(call)
        if len(self._calls) > self.size:
            oldest = self._calls.popleft()
            if self._last[oldest.id] is oldest:
                del self._last[oldest.id]
        return call

    def began(self, call: Call) -> None:
        """Its answer is about to be sent; until it is closed, all of that would be billed."""
        if self._told is not None:
            if call.worked:
                call.billed_input, call.billed_output = call.input_tokens, call.output_tokens
            self._told(call)
            call.billed_input = call.billed_output = 0

    def close(self, call: Call, ended: End, *, cancelled: Bill = "sent") -> None:
        """Writes the bill; `cancelled` is the custom for clients that leave."""
        call.ended, call.finished = ended, ended == "answered"
        bill: Bill = call.bill or (cancelled if ended == "left" else "all")
        if call.worked and bill != "none":
            call.billed_input = call.input_tokens
            call.billed_output = {"input": 0, "sent": call.sent_tokens}.get(
                bill, call.output_tokens
            )
        self.total.finished += call.finished
        self.total.billed_input += call.billed_input
        self.total.billed_output += call.billed_output
        if self._told is not None:
            self._told(call)

    def calls(self, id: str | None = None) -> Sequence[Call]:
        """The calls of one id, or all, oldest first."""
        return [call for call in self._calls if id is None or call.id == id]

    def clear(self) -> None:
        """Forget all, the totals too."""
        self._calls.clear()
        self._last.clear()
        self.total = Total()
