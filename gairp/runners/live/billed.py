"""A backend whose every call is reserved, billed and logged: what a judge is given."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

from gairp.protocols import Backend
from gairp.records.events import Called, Settled
from gairp.routing.costing import Costing
from gairp.routing.event_log import Sink, billing_of
from gairp.routing.spend import SpendCeiling
from gairp.types import Arm, Chunk, Decision, Failure, Request, Response

LEARNER = "grader"


class BilledBackend:
    """Wraps a backend for a grader; refuses a call that might cross the run's ceiling."""

    def __init__(
        self,
        *,
        backend: Backend,
        ceiling: SpendCeiling,
        costing: Callable[[Arm], Costing],
        sink: Sink,
        run: str,
    ) -> None:
        """`costing` prices the grader's own arm; `run` keeps call ids of resumed runs apart."""
        self.backend, self.ceiling, self.sink, self.run = backend, ceiling, sink, run
        self.spent_usd = 0.0
        self._costing, self._known, self._calls = costing, dict[str, Costing](), 0

    async def complete(self, request: Request, arm: Arm) -> Response:
        """The answer, settled; a failed response where the ceiling leaves too little."""
        costing = self._known.setdefault(arm.name, self._costing(arm))
        call_id = f"{LEARNER}/{self.run}/{self._calls}.0"
        self._calls += 1
        bound = costing.bound(request, arm.name)
        if not self.ceiling.reserve(call_id, bound.usd, bound.tokens, arm=arm.name):
            return _refused(arm)
        decision_id = call_id.rpartition(".")[0]
        self.sink.append(
            Called(
                learner=LEARNER, at=time.time(), call_id=call_id, decision_id=decision_id,
                arm=arm.name, model=arm.model, reserved_usd=bound.usd,
                reserved_tokens=bound.tokens,
            )
        )  # fmt: skip
        try:
            response = await self.backend.complete(request, arm)
        except BaseException:
            self.ceiling.keep(call_id)
            raise
        cost = costing.bill(_decision(arm, decision_id), response)
        self._settle(call_id, response, cost)
        self.sink.append(
            Settled(
                learner=LEARNER, at=time.time(), call_id=call_id, decision_id=decision_id,
                arm=arm.name, model=response.model, usage=response.usage, cost_usd=cost,
                billing=billing_of(response), first_token_s=response.first_token_s,
                latency_s=response.latency_s, finish_reason=response.finish_reason,
                error=response.error,
            )
        )  # fmt: skip
        return response

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        """The whole answer as one piece: graders do not read pieces."""
        response = await self.complete(request, arm)
        yield Chunk(text=response.content)
        yield Chunk(response=response)

    async def aclose(self) -> None:
        """The run closes its backends itself."""

    def _settle(self, call_id: str, response: Response, cost: float) -> None:
        billing = billing_of(response)
        if billing == "unknown":
            self.ceiling.keep(call_id)
        elif billing == "billed":
            usage = response.usage
            self.ceiling.settle(call_id, cost, usage.input_tokens + usage.output_tokens)
            self.spent_usd += cost if cost == cost else 0.0
        else:
            self.ceiling.release(call_id)


def _decision(arm: Arm, decision_id: str) -> Decision:
    return Decision(
        id=decision_id, request_id=decision_id, arm=arm.name, propensity=1.0, probabilities=(1.0,),
        policy=LEARNER, state_version=0,
    )  # fmt: skip


def _refused(arm: Arm) -> Response:
    return Response(
        model=arm.model,
        finish_reason="",
        error=Failure(
            kind="unavailable",
            message="the run's ceiling leaves too little for the grader; raise live.ceiling",
        ),
    )
