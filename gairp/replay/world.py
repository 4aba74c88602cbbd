"""The replay in a world that changes: the same loop, with a scenario played on every request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from gairp.backends.recorded import RecordedPrompt, answer
from gairp.policies.candidates import keep
from gairp.replay.engine import _COMPLETION, Flight, Replay, Sink
from gairp.replay.scenario.moment import Moment
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.worldlog import WorldLog
from gairp.routing.steps import Call, Step
from gairp.types import Context, Failure, Outcome, Request, Response


class WorldReplay(Replay):
    """Replays recorded prompts through one policy while the world changes.

    Every request meets the world as the scenario has it when it arrives: which arms there are,
    what they cost, how well and how fast they answer. `log` is told of each with what every arm
    would have been worth then.
    """

    def __init__(
        self,
        *,
        scenario: Scenario,
        categories: tuple[str, ...] = (),
        fallbacks: int = 0,
        log: WorldLog | None = None,
        **plain: Any,
    ) -> None:
        """`categories` are by row of the trace; `fallbacks` are other arms asked after an error."""
        super().__init__(**plain)
        self.scenario, self.categories, self.log = scenario, categories, log
        self.router.fallbacks = fallbacks
        self._number = 0

    def run(self, prompts: Iterator[RecordedPrompt], sink: Sink) -> None:
        """Replay the prompts in the order given; one that comes again is a request of its own."""
        super().run(_told_apart(prompts), sink)

    # -- events ---------------------------------------------------------------------------

    def _arrive(self, prompt: RecordedPrompt, now: float) -> None:
        moment = Moment(
            prompt,
            number=self._number,
            now=now,
            columns=self._columns,
            expected_cost=self.expected_cost,
            max_cost=self.max_cost,
            seed=self.router.seed,
            category=self.categories[prompt.row] if self.categories else "",
        )
        self._number += 1
        self.scenario.play(moment)
        context = self._context(moment)
        request = prompt.request or Request(id=prompt.request_id, arrived_at=now)
        flight = WorldFlight(moment, context, self.router.route(request, context))
        try:
            step = next(flight.route)
        except StopIteration as stop:
            self._refused(flight, stop.value)
        else:
            self._call(flight, step)

    def _context(self, moment: Moment) -> Context:
        context = Context(
            request_id=moment.prompt.request_id,
            features=moment.prompt.features,
            candidates=self.arms,
            expected_cost=moment.expected_cost,
            max_cost=moment.max_cost,
            now=moment.now,
        )
        if not moment.absent:
            return context
        return keep(context, [i for i in range(len(self.arms)) if i not in moment.absent])

    def _call(self, flight: Flight, step: Step) -> None:
        if not isinstance(step, Call):
            super()._call(flight, step)
            return
        assert isinstance(flight, WorldFlight)
        column = flight.column = self._columns[step.decision.arm]
        flight.response = response = self._response(flight, step.decision.arm, column)
        latency, now = response.latency_s, self.clock.now()
        self._push(now + latency if latency == latency else now, _COMPLETION, flight)

    def _response(self, flight: WorldFlight, arm: str, column: int) -> Response:
        moment = flight.moment
        if column in moment.failed:
            return _failed(arm, moment.failed[column])
        response = answer(flight.prompt, arm, column)
        if column in moment.served_by:
            response = msgspec.structs.replace(response, model=moment.served_by[column])
        return response

    def _refused(self, flight: WorldFlight, outcome: Outcome) -> None:
        """No candidate was there: nothing is learned, and the request is worth nothing."""
        if self.log is not None:
            self.log.add(self._seen(flight), outcome, column=-1, quality=0.0)

    def _finish(self, flight: Flight, outcome: Outcome, sink: Sink) -> None:
        assert isinstance(flight, WorldFlight)
        failed = outcome.attempts[-1].response.error is not None
        if self.log is not None:
            quality = 0.0 if failed else float(flight.prompt.quality[flight.column])
            self.log.add(self._seen(flight), outcome, column=flight.column, quality=quality)
        if failed:  # the router has taught it as quality 0 already
            sink.record(flight.prompt, flight.context, outcome, 0.0)
            self.joiner.forget(outcome.attempts[-1].decision.id)
            return
        super()._finish(flight, outcome, sink)

    def _seen(self, flight: WorldFlight) -> Moment:
        return flight.moment


class WorldFlight(Flight):
    """One request under way, and the world that it met."""

    __slots__ = ("moment",)

    def __init__(self, moment: Moment, context: Context, route: Any) -> None:
        super().__init__(moment.done(), context, route)
        self.moment = moment


def _failed(arm: str, after_s: float) -> Response:
    failure = Failure(kind="server", message=f"{arm} is down in this scenario", status=503)
    return Response(
        model="", finish_reason="", cost_usd=0.0, latency_s=after_s, first_token_s=np.nan,
        error=failure,
    )  # fmt: skip


def _told_apart(prompts: Iterator[RecordedPrompt]) -> Iterator[RecordedPrompt]:
    """A prompt that comes again gets an id of its own, and so its own randomness."""
    seen: dict[str, int] = {}
    for prompt in prompts:
        count = seen[prompt.request_id] = seen.get(prompt.request_id, 0) + 1
        if count > 1:
            prompt = msgspec.structs.replace(prompt, request_id=f"{prompt.request_id}~{count}")
        yield prompt
