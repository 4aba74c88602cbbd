"""The replay: an event heap in virtual time that drives the router.

One loop serves every protocol. Arrivals, completions and feedback are events on one heap; with
`Sequential` arrivals and no delay it is the textbook bandit loop, with others requests overlap
and feedback comes late and out of order.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from heapq import heappop, heappush
from typing import Protocol

from gairp.backends.recorded import RecordedPrompt, answer
from gairp.clock import VirtualClock
from gairp.errors import ConfigError
from gairp.protocols import Policy
from gairp.replay.arrivals import Arrivals, Sequential
from gairp.routing.event_log import EventLog
from gairp.routing.event_log import Sink as EventSink
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.router import Router
from gairp.routing.steps import Call, Step
from gairp.types import Budget, Context, Feedback, Floats, Outcome, Request, Response

# At one instant, what is known is learned before anything new is decided.
_FEEDBACK, _COMPLETION, _ARRIVAL = 0, 1, 2


class Sink(Protocol):
    """Takes what happened to each request."""

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        """One request has completed; `quality` is what the trace says of the answer."""


class Purse(Protocol):
    """Holds the money of a replay's requests."""

    def budget(self, request: Request) -> Budget:
        """What the request's policy may read of it."""

    def paid(self, outcome: Outcome) -> None:
        """What one request came to cost."""


class Replay:
    """Replays recorded prompts through one policy."""

    def __init__(
        self,
        *,
        policy: Policy,
        arms: tuple[str, ...],
        expected_cost: Floats,
        max_cost: Floats,
        seed: int,
        arrivals: Arrivals | None = None,
        feedback_delay_s: float = 0.0,
        learn: bool = True,
        capacity: int = 100_000,
        events: EventSink | None = None,
        learner: str = "",
        purse: Purse | None = None,
    ) -> None:
        """`expected_cost` and `max_cost` are [k], in USD a request, known before the replay.

        With `learn=False` no feedback is delivered: the policy stays as it is. `events` takes the
        interaction log, in which this is `learner`; its times are those of the replay's clock.
        `purse` gives each context its budget, and is told what each request came to cost.
        """
        if not feedback_delay_s >= 0:
            raise ConfigError(
                f"protocol.feedback_delay_s is {feedback_delay_s}; give at least 0 seconds"
            )
        if feedback_delay_s > 0 and (arrivals is None or isinstance(arrivals, Sequential)):
            raise ConfigError(
                f"protocol.feedback_delay_s is {feedback_delay_s}, but requests that come one at a "
                "time wait for the feedback, so it would delay nothing; set protocol.arrivals "
                "(protocol=delayed_feedback does), or the delay to 0"
            )
        self.clock = VirtualClock()
        log = None
        if events is not None:
            log = EventLog(learner=learner, sink=events, now=self.clock.now)
        self.joiner = FeedbackJoiner(policy, capacity=capacity, log=log)
        self.router = Router(
            policy=policy, seed=seed, clock=self.clock, joiner=self.joiner, log=log
        )
        self.arms, self.expected_cost, self.max_cost = arms, expected_cost, max_cost
        self.arrivals = arrivals or Sequential()
        self.feedback_delay_s = feedback_delay_s
        self.learn, self.purse = learn, purse
        self._columns = {arm: column for column, arm in enumerate(arms)}
        self._heap: list[tuple[float, int, int, object]] = []
        self._pushed = 0
        self._sink: Sink

    def run(self, prompts: Iterator[RecordedPrompt], sink: Sink) -> None:
        """Replay every prompt once, in the order given."""
        heap, clock, self._sink = self._heap, self.clock, sink
        self._arrive_next(prompts, clock.now())
        while heap:
            time, kind, _, event = heappop(heap)
            clock.advance(time)
            if kind == _FEEDBACK:
                self.joiner.deliver(event)  # type: ignore[arg-type]
            elif kind == _COMPLETION:
                self._complete(event, sink)  # type: ignore[arg-type]
            else:
                self._arrive(event, time)  # type: ignore[arg-type]
                following = self.arrivals.following(time)
                if following == following:
                    self._arrive_next(prompts, following)
            if not heap:
                self._arrive_next(prompts, time)

    # -- events ---------------------------------------------------------------------------

    def _push(self, time: float, kind: int, event: object) -> None:
        self._pushed += 1
        heappush(self._heap, (time, kind, self._pushed, event))

    def _arrive_next(self, prompts: Iterator[RecordedPrompt], time: float) -> None:
        prompt = next(prompts, None)
        if prompt is not None:
            self._push(time, _ARRIVAL, prompt)

    def _arrive(self, prompt: RecordedPrompt, now: float) -> None:
        request = prompt.request or Request(id=prompt.request_id, arrived_at=now)
        context = Context(
            request_id=prompt.request_id,
            features=prompt.features,
            candidates=self.arms,
            expected_cost=self.expected_cost,
            max_cost=self.max_cost,
            now=now,
            budget=None if self.purse is None else self.purse.budget(request),
        )
        flight = Flight(prompt, context, self.router.route(request, context))
        try:
            step = next(flight.route)
        except StopIteration as stop:
            self._close(flight, stop.value, math.nan, self._sink)
        else:
            self._call(flight, step)

    def _call(self, flight: Flight, step: Step) -> None:
        if not isinstance(step, Call):
            flight.response = None
            self._push(self.clock.now() + step.seconds, _COMPLETION, flight)
            return
        arm = step.decision.arm
        flight.column = self._columns[arm]
        flight.response = response = answer(flight.prompt, arm, flight.column)
        latency = response.latency_s
        now = self.clock.now()
        # An unrecorded latency takes no virtual time.
        self._push(now + latency if latency == latency else now, _COMPLETION, flight)

    def _complete(self, flight: Flight, sink: Sink) -> None:
        try:
            step = flight.route.send(flight.response)
        except StopIteration as stop:
            self._finish(flight, stop.value, sink)
        else:
            self._call(flight, step)

    def _finish(self, flight: Flight, outcome: Outcome, sink: Sink) -> None:
        quality = float(flight.prompt.quality[flight.column])
        self._close(flight, outcome, quality, sink)
        decision_id = outcome.attempts[-1].decision.id
        if not (self.learn and quality == quality):
            self.joiner.forget(decision_id)
            return
        time = outcome.completed_at + self.feedback_delay_s
        feedback = Feedback(decision_id=decision_id, quality=quality, received_at=time)
        self._push(time, _FEEDBACK, feedback)

    def _close(self, flight: Flight, outcome: Outcome, quality: float, sink: Sink) -> None:
        if self.purse is not None:
            self.purse.paid(outcome)
        sink.record(flight.prompt, flight.context, outcome, quality)


class Flight:
    """One request under way."""

    __slots__ = ("column", "context", "prompt", "response", "route")

    def __init__(
        self,
        prompt: RecordedPrompt,
        context: Context,
        route: Generator[Step, Response | None, Outcome],
    ) -> None:
        self.prompt, self.context, self.route = prompt, context, route
        self.column: int
        self.response: Response | None
