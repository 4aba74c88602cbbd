"""One request, from what its body asks for to the last byte of the answer.

target ─ context ─ Router.route ─ Call ─ purse.hold ─ journal ─ upstream ─ relay
                       ▲                                          │
                       └── settled, observed ─ journal ─ last byte ┘
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Generator, Sequence

import msgspec
import numpy as np

from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.affinity import Affinities
from gairp.gateway.exchange.calls import Calls, Kept, Stage
from gairp.gateway.exchange.client import Client, Departure, Headers, Patience, Receive
from gairp.gateway.exchange.gate import GatewayGate
from gairp.gateway.exchange.hedges import Hedges
from gairp.gateway.exchange.race import Race
from gairp.gateway.exchange.refusal import broken_event, refusal
from gairp.gateway.exchange.request import Flight, GatewayRequest
from gairp.gateway.exchange.split import KeptPolicy, SplitPolicy
from gairp.gateway.exchange.target import Target
from gairp.gateway.exchange.tariff import Tariff
from gairp.gateway.learners.house import House
from gairp.gateway.learners.recents import Recent, Recents
from gairp.gateway.learners.served import Served
from gairp.gateway.limits.protocol import Purse
from gairp.protocols import Clock, Policy
from gairp.routing.router import Router
from gairp.routing.steps import Call, Step, Wait
from gairp.types import Budget, Context, Decision, Failure, Outcome, Response

_PATIENT_S = 0.05  #: before it is worth watching whether the client is still there


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """What all requests share."""

    house: House
    stage: Stage
    tariff: Tariff
    gate: GatewayGate
    purse: Purse
    recents: Recents
    affinities: Affinities
    clock: Clock
    deadline_s: float
    hedges: Hedges = msgspec.field(default_factory=Hedges)
    patience: Patience = msgspec.field(default_factory=lambda: Patience(_PATIENT_S))


class Exchange:
    """Serves one request; `more` are headers of the answer that its caller knows already."""

    def __init__(
        self,
        engine: Engine,
        request: GatewayRequest,
        raw: bytes,
        client: Client,
        receive: Receive,
        departure: Departure | None = None,
    ) -> None:
        """`departure` is that of the exchange which this one races against."""
        self._engine, self._request, self._client = engine, request, client
        self._raw, self._receive = raw, receive
        self._more: Headers = ()
        self._served: Served | None = None
        self._asked_of: tuple[str, ...] | None = None  # the arms of the last target
        self._decisions: list[Decision] = []  # of the last route
        self._race: Race | None = None
        self._rival: Exchange | None = None
        self._departure = departure or Departure(receive, self._left, request.flight.loop)
        self._calls = Calls(engine.stage, request, raw, client, self._begun)

    async def run(self, target: Target, more: Headers = ()) -> Outcome | None:
        """Answer; the outcome, or None where the client left before there was one.

        Raises ApiError where nothing has been sent yet.
        """
        self._more = more
        flight = self._request.flight
        self._departure.watch_after(self._engine.patience)
        try:
            may_hedge = target.hedge_s is not None or self._engine.hedges.after_s is not None
            after_s = self._hedged_after(target) if may_hedge else None
            if after_s is None:
                answered = self._answered if target.fallbacks else self._route
                outcome = await answered(target, self._request)
                await self._finish(outcome)
            else:
                winner, outcome = await self._raced(target, after_s)
                await winner._finish(outcome)
            return outcome
        except asyncio.CancelledError:
            task = asyncio.current_task(flight.loop)
            if not flight.gone or task is None:
                raise
            task.uncancel()
            return None
        finally:
            self._departure.over()
            if flight.settled:
                await self._settle_money()
            if self._rival is not None and self._rival._request.flight.settled:
                await self._rival._settle_money()
            self._over()

    def _over(self) -> None:
        """Leave no cycle behind: neither memory nor the garbage collector's time grows then."""
        self._calls.over()
        if self._rival is not None:
            self._rival._calls.over()
            self._rival._race = None
        self._race = self._rival = None

    # -- hedging ---------------------------------------------------------------------------

    @property
    def committed(self) -> bool:
        """The first byte is with the client."""
        return self._request.flight.committed

    def _hedged_after(self, target: Target) -> float | None:
        hedges = self._engine.hedges
        after_s = hedges.after_s if target.hedge_s is None else target.hedge_s
        if after_s is None or target.split is not None:  # a branch's propensity is of the chain
            return None
        hedges.requests += 1
        return after_s

    async def _raced(self, target: Target, after_s: float) -> tuple[Exchange, Outcome]:
        """The exchange that has an answer first, and its outcome."""
        race = self._race = Race()
        race.enter(self, self._answered(target, self._request))

        def hedge() -> None:
            others = self._not_asked(target)
            if others and self._engine.hedges.begin():
                rival = self._rival = self._against(race)
                narrowed = msgspec.structs.replace(target, arms=others, fallbacks=(), affinity=None)
                race.enter(rival, rival._answered(narrowed, rival._request))

        return await race.run(after_s, hedge)

    def _not_asked(self, target: Target) -> tuple[str, ...]:
        served, asked = self._served, {decision.arm for decision in self._decisions}
        arms = target.arms or (() if served is None else served.arms)
        return tuple(name for name in arms if name not in asked) if asked else ()

    def _against(self, race: Race) -> Exchange:
        request, flight = self._request, self._request.flight
        copy = msgspec.structs.replace(
            request,
            id=f"{request.id}+h",
            tags={**request.tags, "hedge": "true"},
            flight=Flight(loop=flight.loop, due=flight.due),
        )
        rival = Exchange(
            self._engine, copy, self._raw, self._client, self._receive, self._departure
        )
        rival._race, rival._more = race, self._more
        return rival

    # -- deciding and asking ---------------------------------------------------------------

    async def _answered(self, target: Target, request: GatewayRequest) -> Outcome:
        """The outcome of the target, or of the first of its fallbacks that has a better one."""
        outcome = await self._route(target, request)
        for number, following in enumerate(target.fallbacks, 1):
            if not self._may_go_on(outcome):
                break
            named = msgspec.structs.replace(request, id=f"{request.id}+{number}")
            outcome = await self._route(following, named)
        return outcome

    def _may_go_on(self, outcome: Outcome) -> bool:
        flight = self._request.flight
        if flight.committed or flight.expired or flight.gone:
            return False
        error = outcome.attempts[-1].response.error if outcome.attempts else None
        return outcome.refused or (error is not None and error.kind != "bad_request")

    async def _route(self, target: Target, request: GatewayRequest) -> Outcome:
        engine = self._engine
        served = self._served = engine.house.find(target.learner)
        if target.split is not None:
            request, target = split_among(request, target, engine)
        self._asked_of = target.arms
        context = self.context(served, target, request)
        router, leader = served.router, served
        if target.split is not None:
            leader = engine.house.find(target.split.branch.learner)
        if target.split is not None or target.affinity is not None:
            router = self._led(served, target)
        self._calls.hold = leader.policy.escalates
        decisions: list[Decision] = []
        self._decisions = decisions
        outcome = await self._drive(router.route(request, context), decisions)
        engine.recents.keep(
            Recent(
                tenant=request.principal.tenant,
                learner=served.learner,
                asked=request.peek.model,
                rule=target.rule,
                at=time.time(),
                context=context,
                decisions=tuple(decisions),
                outcome=outcome,
            )
        )
        if target.affinity is not None and outcome.attempts:
            last = outcome.attempts[-1]
            if last.response.error is None:
                engine.affinities.keep(target.affinity, last.decision.arm)
        return outcome

    def _led(self, served: Served, target: Target) -> Router:
        """The learner's router, with whoever decides in its policy's place."""
        house = self._engine.house
        policy: Policy | None = None
        if target.split is not None:
            policy = SplitPolicy(target.split, lambda name: house.find(name).policy)
        if target.affinity is not None:
            arm = self._engine.affinities.arm(target.affinity)
            if arm is not None:
                policy = KeptPolicy(policy or served.policy, arm, target.affinity)
        return served.router if policy is None else served.router.led_by(policy)

    def context(self, served: Served, target: Target, request: GatewayRequest) -> Context:
        """What a policy may read of this request."""
        engine, peek, flight = self._engine, request.peek, request.flight
        tariff = engine.tariff
        expected, most, flight.max_tokens = tariff.costs(peek)
        flight.max_usd = most
        candidates = target.arms or served.arms
        if len(candidates) != len(tariff.index):
            rows = [tariff.index[name] for name in candidates]
            expected, most = [expected[i] for i in rows], [most[i] for i in rows]
        left = engine.purse.left_usd(request.principal)
        return Context(
            request_id=request.id,
            features=served.builder.transform_one(peek.text),
            candidates=candidates,
            expected_cost=np.array(expected),
            max_cost=np.array(most),
            now=engine.clock.now(),
            load=engine.stage.board.load(candidates),
            budget=None
            if left == math.inf
            else Budget(left_usd=left, total_usd=left, horizon_left=1.0),
        )

    async def _drive(
        self, route: Generator[Step, Response | None, Outcome], decisions: list[Decision]
    ) -> Outcome:
        """Make the router's calls; all that it logs is written before what follows from it."""
        ink, flight = self._engine.house.ink, self._request.flight
        reply: Response | None = None
        try:
            step = next(route)
            while True:
                ink.flush()
                if ink.journal.durability == "power":
                    await ink.sync()
                if type(step) is Wait:
                    reply = None
                    await self._wait(step.seconds)
                else:
                    assert isinstance(step, Call)
                    if not step.number:
                        decisions.append(step.decision)
                    reply = await self._asked(step)
                step = route.send(reply)
                if flight.settled:
                    ink.flush()
                    await self._settle_money()
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        finally:
            route.close()
            ink.flush()

    async def _wait(self, seconds: float) -> None:
        """Before a retry; where the time would be over by then, there is no retry."""
        flight = self._request.flight
        if flight.loop.time() + seconds >= flight.due:
            flight.expired = True
        else:
            await asyncio.sleep(seconds)

    async def _asked(self, call: Call) -> Response:
        usd, _ = self._engine.gate.reserved(call.id)
        try:
            held = await self._engine.purse.hold(self._request.principal, call.id, usd)
        except ApiError as error:
            return _unheld(error)
        if not held:
            return _unaffordable(call)
        watched = self._request.watched
        if watched is None:
            return await self._calls.make(call)
        return await watched.around(call, self._calls.make(call))

    async def _settle_money(self) -> None:
        flight, purse = self._request.flight, self._engine.purse
        settled, flight.settled = flight.settled, []
        for call_id, usd in settled:
            if usd is None:
                await purse.keep(self._request.principal, call_id)
            else:
                await purse.settle(
                    self._request.principal, call_id, 0.0 if math.isnan(usd) else usd
                )

    # -- answering -------------------------------------------------------------------------

    def _begun(self, call: Call, headers: Headers) -> Headers:
        """The head of a stream that an arm has begun."""
        if self._race is not None:
            self._race.began(self)
        decision = call.decision
        ours = _headers(decision, self._engine.stage.arms[decision.arm].model, decision.attempt + 1)
        return [*headers, *ours, *self._more]

    async def _finish(self, outcome: Outcome) -> None:
        """The whole answer, or the end of a stream; only now, that all of it is in the journal."""
        flight, client = self._request.flight, self._client
        response = outcome.attempts[-1].response if outcome.attempts else None
        if flight.gone:
            return
        if self._calls.held is not None and response is not None and response.error is None:
            await self._calls.release()
        if flight.committed:
            assert response is not None
            if response.error is None:
                await client.end(self._calls.last)
            else:
                await client.end(broken_event(self._request.operation, response.error))
            return
        kept = self._calls.kept
        if response is None or response.error is not None or kept is None:
            raise self._refused(outcome, kept)
        headers = self._whole_headers(outcome, kept)
        await client.whole(200, headers, kept.body)

    def _whole_headers(self, outcome: Outcome, kept: Kept) -> Sequence[tuple[bytes, bytes]]:
        attempt = outcome.attempts[-1]
        calls = attempt.calls
        if len(outcome.attempts) > 1:
            calls = sum([a.calls for a in outcome.attempts])
        cost = outcome.total_cost_usd
        return [
            *kept.headers,
            *_headers(attempt.decision, attempt.response.model, calls),
            (b"x-gairp-cost-usd", b"%.9f" % cost if cost == cost else b"unknown"),
            *self._more,
        ]

    def _refused(self, outcome: Outcome, kept: Kept | None) -> ApiError:
        engine = self._engine
        if outcome.attempts:
            decision = outcome.attempts[-1].decision
            error = refusal(outcome.attempts[-1].response, kept, secrets=self._secrets(decision))
            error.headers["x-gairp-decision-id"] = decision.id
            return error
        assert self._served is not None
        target = Target(learner="", arms=self._asked_of)
        context = self.context(self._served, target, self._request)
        reasons = engine.gate.why(self._request, context)
        return _nobody(
            reasons, expired=self._request.flight.expired, soonest_s=engine.gate.soonest_s(context)
        )

    def _secrets(self, decision: Decision) -> Callable[[str], str]:
        stage = self._engine.stage
        return stage.upstreams[stage.arms[decision.arm].backend].secrets.scrub

    def _left(self) -> None:
        self._request.flight.gone = True
        if self._rival is not None:
            self._rival._request.flight.gone = True


def split_among(
    request: GatewayRequest, target: Target, engine: Engine
) -> tuple[GatewayRequest, Target]:
    """Candidates are the arms of all branches; which of them are the chosen branch's is logged."""
    split = target.split
    assert split is not None
    names = engine.tariff.names
    wanted = {arm for branch in split.branches for arm in branch.arms or names}
    union = tuple(name for name in names if name in wanted)
    own = split.branch.arms
    if own is not None and len(own) < len(union):
        request = msgspec.structs.replace(
            request, tags={**request.tags, "branch_arms": ",".join(own)}
        )
    return request, msgspec.structs.replace(target, arms=union)


def new_flight(deadline_s: float | None, default_s: float) -> Flight:
    """A flight whose answer must be there in time."""
    seconds = default_s if deadline_s is None else deadline_s
    loop = asyncio.get_running_loop()
    return Flight(loop=loop, due=loop.time() + seconds)


def _headers(decision: Decision, model: str, attempts: int) -> list[tuple[bytes, bytes]]:
    which = model, decision.arm, attempts, decision.policy, decision.policy_version
    told = _TOLD.get(which)
    if told is None:
        if len(_TOLD) >= _TOLD_KEPT:
            _TOLD.clear()
        told = _TOLD[which] = _told(*which)
    return [
        (b"x-request-id", decision.request_id.encode()),
        (b"x-gairp-decision-id", decision.id.encode()),
        *told,
    ]


#: Headers that many answers have, by what they say.
_TOLD: dict[tuple[str, str, int, str, str], list[tuple[bytes, bytes]]] = {}
_TOLD_KEPT = 1024


def _told(
    model: str, arm: str, attempts: int, policy: str, version: str
) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-gairp-model", _value(model)),
        (b"x-gairp-arm", arm.encode("utf-8", "replace")),
        (b"x-gairp-attempts", b"%d" % attempts),
        (b"x-gairp-policy", policy.encode("utf-8", "replace")),
        (b"x-gairp-policy-version", version.encode("utf-8", "replace")),
        (b"x-gairp-cache", b"off"),
    ]


def _unheld(error: ApiError) -> Response:
    """The money for a call cannot be held now: it is not made."""
    return Response(
        model="",
        finish_reason="",
        latency_s=0.0,
        error=Failure(
            kind="unavailable", message=error.message, status=error.status, retry_after_s=1.0
        ),
    )


def _value(told: str) -> bytes:
    """As a header can hold it: a server must not write headers by the name of its model."""
    if not told.isprintable():
        told = "".join(letter if letter.isprintable() else "?" for letter in told)
    return told[:256].encode("utf-8", "replace")


def _unaffordable(call: Call) -> Response:
    return Response(
        model="",
        finish_reason="",
        latency_s=0.0,
        error=Failure(
            kind="unavailable",
            message=f"arm {call.decision.arm!r}: the budget leaves too little for this call",
            status=429,
        ),
    )


def _nobody(reasons: dict[str, str], *, expired: bool, soonest_s: float) -> ApiError:
    """Why no arm was asked at all."""
    if expired:
        return ApiError(504, "no answer in time", code="timeout")
    told = "; ".join(f"{name}: {why}" for name, why in reasons.items()) or "no arm can be asked"
    values = list(reasons.values())
    if values and all("no price" in why for why in values):
        return ApiError(403, told, code="model_not_priced", param="model")
    if values and all("budget" in why for why in values):
        return ApiError(429, f"the budget is used up: {told}", code="insufficient_quota",
                        type="insufficient_quota", limit="budget")  # fmt: skip
    if values and all("window" in why for why in values):
        return ApiError(400, told, code="context_length_exceeded", param="messages")
    if values and all("cannot do" in why for why in values):
        return ApiError(400, told, code="unsupported_capability")
    if values and all("cools down" in why for why in values):
        return ApiError(429, f"rate limited upstream: {told}", code="rate_limit_exceeded",
                        retry_after_s=soonest_s)  # fmt: skip
    return ApiError(503, f"no model can answer now: {told}", code="no_model_available",
                    retry_after_s=soonest_s or 5.0)  # fmt: skip
