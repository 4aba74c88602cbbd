"""What is seen of one request from outside: by the access log, and by traces."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol

from gairp.gateway.exchange.client import Headers
from gairp.gateway.exchange.peek import Peek
from gairp.gateway.principal import Principal
from gairp.routing.steps import Call
from gairp.types import Decision, Operation, Outcome, Response


class SeenCall(NamedTuple):
    """One call to a model; times are Unix nanoseconds.

    Not the call itself, which knows its request: a cycle would wait for the garbage collector.
    """

    id: str
    number: int
    decision: Decision
    begun_ns: int
    ended_ns: int
    response: Response | None  #: None where it was given up


class Trace(Protocol):
    """Where a request belongs in a distributed trace."""

    def headers_of(self, call_id: str) -> Headers:
        """What carries it to the server of a call."""


class Watched:
    """One request. Whoever wants to know is told when it has ended, and of calls that end later."""

    __slots__ = (
        "_perf_ns", "_tell", "begun_ns", "calls", "ended_ns", "id", "operation", "outcome", "peek",
        "principal", "session", "status", "trace",
    )  # fmt: skip

    def __init__(
        self,
        request_id: str,
        operation: Operation,
        tell: Callable[[Watched, list[SeenCall]], None],
        trace: Trace | None = None,
    ) -> None:
        """`tell` is given this and the calls that it was not told of before."""
        self.id, self.operation, self._tell, self.trace = request_id, operation, tell, trace
        self.begun_ns, self._perf_ns = time.time_ns(), time.perf_counter_ns()
        self.ended_ns = 0  #: 0 while it is under way
        self.principal: Principal | None = None  #: None where nobody was let in
        self.peek: Peek | None = None
        self.session: str | None = None
        self.outcome: Outcome | None = None
        self.status = 0
        self.calls: list[SeenCall] = []

    def now_ns(self) -> int:
        """Unix nanoseconds, which no setting of the clock moves within a request."""
        return self.begun_ns + time.perf_counter_ns() - self._perf_ns

    def headers_of(self, call: Call) -> Headers:
        """What a call to a server is to carry beside its own headers."""
        return () if self.trace is None else self.trace.headers_of(call.id)

    async def around(self, call: Call, work: Coroutine[Any, Any, Response]) -> Response:
        """Await the call's response, and note when it began and ended."""
        begun_ns, response = self.now_ns(), None
        try:
            response = await work
            return response
        finally:
            seen = SeenCall(
                call.id, call.number, call.decision, begun_ns, self.now_ns(), response
            )  # fmt: skip
            if self.ended_ns:  # of a shadow
                self._tell(self, [seen])
            else:
                self.calls.append(seen)

    def end(self, status: int) -> None:
        """The last byte has gone; `status` is 0 where the client left before the first."""
        self.ended_ns, self.status = self.now_ns(), status or 499
        self._tell(self, self.calls)
