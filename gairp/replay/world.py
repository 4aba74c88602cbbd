"""The replay in a world that changes: the same loop, with a scenario played on every request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from gairp.backends.recorded import RecordedPrompt, answer, timed_answer
from gairp.errors import ConfigError
from gairp.policies.candidates import keep
from gairp.replay.arrivals import ClosedLoop, Sequential, Traced
from gairp.replay.capacity.fleet import Fleet
from gairp.replay.engine import _ARRIVAL, _COMPLETION, _FEEDBACK, Flight, Replay, Sink
from gairp.replay.feedback.told import Channel, Told
from gairp.replay.scenario.moment import Moment, Scene
from gairp.replay.scenario.scenario import Scenario
from gairp.replay.worldlog import WorldLog
from gairp.routing.steps import Call, Step
from gairp.types import Context, Failure, FailureKind, Feedback, Outcome, Request, Response


class WorldReplay(Replay):
    """Replays recorded prompts through one policy while the world changes.

    Every request meets the world as the scenario has it when it arrives: which arms there are,
    what they cost, how well and how fast they answer. With a `fleet`, answers take turns on its
    places, and policies see how busy it is; with a `channel`, they are told of quality what that
    makes of it. `log` is told of each request with what every arm would have been worth then.
    """

    def __init__(
        self,
        *,
        scenario: Scenario,
        categories: tuple[str, ...] = (),
        fallbacks: int = 0,
        channel: Channel | None = None,
        fleet: Fleet | None = None,
        log: WorldLog | None = None,
        **plain: Any,
    ) -> None:
        """`categories` are by row of the trace; `fallbacks` are other arms asked after an error."""
        super().__init__(**plain)
        self.scenario, self.log = scenario, log
        self.channel, self.fleet = channel, fleet
        self.router.fallbacks = fallbacks
        self._scene = Scene(
            columns=self._columns, expected_cost=self.expected_cost, max_cost=self.max_cost,
            seed=self.router.seed, categories=categories,
        )  # fmt: skip
        self._number = 0
        self._prompts: Iterator[RecordedPrompt] = iter(())
        come = self.arrivals
        self._closed = come if isinstance(come, ClosedLoop) else None
        self._traced = come if isinstance(come, Traced) else None
        one_by_one = isinstance(come, Sequential)
        if one_by_one and channel is not None and channel.delays:
            raise ConfigError(
                "feedback: it is delayed, but requests that come one at a time wait for it; choose "
                "arrivals too (arrivals=poisson, say)"
            )
        if one_by_one and fleet is not None:
            raise ConfigError(
                "capacity: requests that come one at a time never wait for a place; choose "
                "arrivals too (arrivals=poisson, say)"
            )

    def run(self, prompts: Iterator[RecordedPrompt], sink: Sink) -> None:
        """Replay the prompts in the order given; one that comes again is a request of its own."""
        self._prompts = _told_apart(prompts)
        super().run(self._prompts, sink)

    # -- events ---------------------------------------------------------------------------

    def _arrive(self, prompt: RecordedPrompt, now: float) -> None:
        moment = Moment(prompt, self._scene, number=self._number, now=now)
        self._number += 1
        self.scenario.play(moment)
        request = prompt.request or Request(id=prompt.request_id, arrived_at=now)
        context = self._context(moment, request)
        flight = WorldFlight(moment, context, self.router.route(request, context))
        try:
            step = next(flight.route)
        except StopIteration as stop:
            self._refused(flight, stop.value)
        else:
            self._call(flight, step)

    def _context(self, moment: Moment, request: Request) -> Context:
        context = Context(
            request_id=moment.prompt.request_id,
            features=moment.prompt.features,
            candidates=self.arms,
            expected_cost=moment.expected_cost,
            max_cost=moment.max_cost,
            now=moment.now,
            load=None if self.fleet is None else self.fleet.board.load(self.arms),
            budget=None if self.purse is None else self.purse.budget(request),
        )
        if not moment.absent:
            return context
        return keep(context, [i for i in range(len(self.arms)) if i not in moment.absent])

    def _call(self, flight: Flight, step: Step) -> None:
        if not isinstance(step, Call):
            super()._call(flight, step)
            return
        assert isinstance(flight, WorldFlight)
        arm = step.decision.arm
        column = flight.column = self._columns[arm]
        if column in flight.moment.failed:
            after_s = flight.moment.failed[column]
            self._answered(flight, _failed("server", 503, f"{arm} is down", after_s), after_s)
        elif self.fleet is None:
            response = answer(flight.prompt, arm, column)
            self._answered(flight, response, response.latency_s)
        else:
            self._queue(flight, arm)

    def _answered(self, flight: WorldFlight, response: Response, after_s: float) -> None:
        if flight.moment.served_by:
            response = _served(flight, response)
        flight.response = response
        now = self.clock.now()
        # An unrecorded latency takes no virtual time.
        self._push(now + after_s if after_s == after_s else now, _COMPLETION, flight)

    def _complete(self, flight: Flight, sink: Sink) -> None:
        assert isinstance(flight, WorldFlight)
        if flight.place is not None:
            self._leave(flight)
        try:
            step = flight.route.send(flight.response)
        except StopIteration as stop:
            self._finish(flight, stop.value, sink)
        else:
            self._call(flight, step)

    # -- places and queues ----------------------------------------------------------------

    def _queue(self, flight: WorldFlight, arm: str) -> None:
        """Take a place, or wait for one, or be refused."""
        assert self.fleet is not None
        now = self.clock.now()
        flight.asked, flight.asked_at = arm, now
        offer = self.fleet.pools[arm].offer(flight, now)
        if offer == "begin":
            self._begin(flight, now)
        elif offer == "wait":
            self.fleet.board.waiting(arm, 1)
        else:
            self._answered(flight, _failed("rate_limit", 429, f"{arm} takes no more", 0.0), 0.0)

    def _begin(self, flight: WorldFlight, now: float) -> None:
        fleet, prompt, column = self.fleet, flight.prompt, flight.column
        assert fleet is not None
        arm = flight.place = flight.asked
        fleet.board.started(arm)
        reused = 0.0 if self._traced is None else self._traced.reused(flight.moment.number)
        first, total = fleet.seconds(prompt, arm, column, reused=reused)
        response = timed_answer(
            prompt, arm, column,
            first_token_s=first, latency_s=total, queue_s=now - flight.asked_at,
        )  # fmt: skip
        self._answered(flight, response, total)

    def _leave(self, flight: WorldFlight) -> None:
        """Give the place back, to the next in the queue if there is one."""
        fleet = self.fleet
        assert fleet is not None
        assert flight.response is not None
        arm, flight.place = flight.asked, None
        fleet.board.ended(arm, flight.response.latency_s)
        following = fleet.pools[arm].done()
        if following is not None:
            fleet.board.waiting(arm, -1)
            self._begin(following, self.clock.now())

    # -- ending ---------------------------------------------------------------------------

    def _refused(self, flight: WorldFlight, outcome: Outcome) -> None:
        """No candidate was there: nothing is learned, and the request is worth nothing."""
        if self.log is not None:
            self.log.add(flight.moment, outcome, column=-1, quality=0.0)
        if self._closed is not None:
            self._ask_again(self._closed)

    def _finish(self, flight: Flight, outcome: Outcome, sink: Sink) -> None:
        assert isinstance(flight, WorldFlight)
        last = outcome.attempts[-1]
        decision_id, failed = last.decision.id, last.response.error is not None
        quality = 0.0 if failed else float(flight.prompt.quality[flight.column])
        if self.log is not None:
            self.log.add(flight.moment, outcome, column=flight.column, quality=quality)
        self._close(flight, outcome, quality, sink)
        if self._closed is not None:
            self._ask_again(self._closed)
        if failed or not (self.learn and quality == quality):
            self.joiner.forget(decision_id)  # the router has taught a failure as quality 0 already
            return
        told, sent_at = quality, outcome.completed_at
        if self.channel is not None:
            piece = Told(self.arms, flight.column, flight.prompt, outcome, quality)
            if self.channel.send(piece).lost:
                self.joiner.forget(decision_id)
                return
            told, sent_at = piece.quality, piece.sent_at
        time = sent_at + self.feedback_delay_s
        feedback = Feedback(decision_id=decision_id, quality=told, received_at=time)
        self._push(time, _FEEDBACK, feedback)
        if self.log is not None:
            self.log.told(flight.moment.number, told, time - outcome.completed_at)

    def _ask_again(self, users: ClosedLoop) -> None:
        """In a closed loop the user who was answered asks again."""
        prompt = next(self._prompts, None)
        if prompt is not None:
            self._push(users.after(self.clock.now()), _ARRIVAL, prompt)


class WorldFlight(Flight):
    """One request under way, and the world that it met."""

    __slots__ = ("asked", "asked_at", "moment", "place")

    def __init__(self, moment: Moment, context: Context, route: Any) -> None:
        self.prompt, self.context, self.route = moment.done(), context, route
        self.moment = moment
        self.place: str | None = None  # the arm whose place it takes
        self.asked: str
        self.asked_at: float


def _failed(kind: FailureKind, status: int, why: str, after_s: float) -> Response:
    failure = Failure(kind=kind, message=f"{why} in this scenario", status=status)
    return Response(
        model="", finish_reason="", cost_usd=0.0, latency_s=after_s, first_token_s=np.nan,
        error=failure,
    )  # fmt: skip


def _served(flight: WorldFlight, response: Response) -> Response:
    """By the model that really answers behind the arm's name; one that is down names none."""
    model = flight.moment.served_by.get(flight.column)
    if model is None or not response.model:
        return response
    return msgspec.structs.replace(response, model=model)


def _told_apart(prompts: Iterator[RecordedPrompt]) -> Iterator[RecordedPrompt]:
    """A prompt that comes again gets an id of its own, and so its own randomness."""
    seen: dict[str, int] = {}
    for prompt in prompts:
        name = prompt.request_id
        count = seen[name] = seen.get(name, 0) + 1
        if count > 1:
            prompt = msgspec.structs.replace(prompt, request_id=f"{name}~{count}")
        yield prompt
