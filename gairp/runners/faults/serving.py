"""One request through the live path: router, gate, retries, fallback, journal."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from gairp.policies.cheapest import Cheapest
from gairp.records.events import Event
from gairp.records.journal import Journal, read_events
from gairp.routing.admission import Admission
from gairp.routing.driver import drive
from gairp.routing.event_log import EventLog
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.retry import RetryRule
from gairp.routing.router import Router
from gairp.routing.steps import Call
from gairp.runners.faults.bench import PATIENCE_S, Bench
from gairp.types import Request, Response

Sleep = Callable[[float], Awaitable[object]]
LEARNER = "faults"
_EXACT_S = 1e-6  #: sums of seconds are not exact


@dataclass(slots=True)
class Served:
    """What the callers saw, in order, and what the journal holds when it is read back."""

    responses: list[tuple[Call, Response]] = field(default_factory=list)
    waited_s: float = 0.0
    gave_up: set[str] = field(default_factory=set)  #: calls, once their time was really up
    left: set[str] = field(default_factory=set)  #: requests whose callers did not wait
    events: list[Event] = field(default_factory=list)


class Counter:
    """Takes requests and serves them; `close` reads back what the journal has kept of them."""

    def __init__(self, bench: Bench, admission: Admission, folder: Path, sleep: Sleep) -> None:
        """The cheapest arm is asked first: twice if need be, then another one, as often."""
        policy = Cheapest()
        self.served, self.admission = Served(), admission
        self._caller, self._sleep, self._clock = bench.stage.caller, sleep, bench.clock
        self._journal, self._folder = Journal(folder), folder
        log = EventLog(
            learner=LEARNER, sink=self._journal, arms=bench.stage.arms, reserved=admission.reserved
        )
        self._router = Router(
            policy=policy,
            seed=0,
            clock=bench.clock,
            joiner=FeedbackJoiner(policy, log=log),
            bill=admission.costing.bill,
            retry=RetryRule(calls=2, base_s=0.0, budget_floor=1000),
            gate=admission,
            log=log,
            fallbacks=1,
        )

    async def serve(self, request: Request) -> None:
        """To its outcome."""
        context = self.admission.context(request, np.ones(1))
        await drive(self._router.route(request, context), self._ask, sleep=self._wait)

    def close(self) -> Served:
        """Read while the writer is open, as it would be found after a kill."""
        self.served.events = list(read_events(self._folder))
        self._journal.close()
        return self.served

    async def _ask(self, call: Call) -> Response:
        """Under the call's own name, so that each entry of a server's ledger finds its call."""
        began = self._clock.now()
        request = msgspec.structs.replace(call.request, id=call.id)
        response = await self._caller(msgspec.structs.replace(call, request=request))
        self.served.responses.append((call, response))
        waited_s = self._clock.now() - began
        overdue = waited_s > PATIENCE_S[call.decision.arm] - _EXACT_S
        if overdue and response.error is not None and response.error.kind == "timeout":
            self.served.gave_up.add(call.id)
        return response

    async def _wait(self, seconds: float) -> None:
        self.served.waited_s += seconds
        await self._sleep(seconds)
        await asyncio.sleep(0)
