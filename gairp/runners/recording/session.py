"""Asks what is missing and grades what is not graded, within limits and ceiling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import Protocol

import numpy as np

from gairp.policies.fixed import Fixed
from gairp.protocols import Clock
from gairp.records.events import Graded
from gairp.rewards.graders import Grader
from gairp.routing.costing import Bound
from gairp.routing.driver import drive
from gairp.routing.event_log import EventLog
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.router import Router
from gairp.routing.steps import Call
from gairp.runners.live.pacing import Pacing
from gairp.runners.live.progress import Progress
from gairp.runners.live.question import LiveQuestion
from gairp.runners.live.stage import Stage
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.plan import LEARNER, Plan
from gairp.runners.recording.purse import Purse
from gairp.runners.recording.recorded import Ledger
from gairp.types import Attempt, Context, Outcome, Request, Response

_LOOK_AGAIN_S = 0.1
_NO_FEATURES = np.empty(0)
BUDGET = "the ceiling leaves too little"
UNANSWERED = "what it goes on with was not answered"


class Watch(Protocol):
    """Is told how far a recording is, and may end it arm by arm."""

    def wants(self, pair: Pair) -> bool:
        """Whether this pair is worth asking, now that its turn has come."""

    def done(self, question: LiveQuestion) -> None:
        """All that could be done for this question is done."""


class Everything:
    """Wants every pair."""

    def wants(self, pair: Pair) -> bool:
        """Yes."""
        return True

    def done(self, question: LiveQuestion) -> None:
        """Nothing follows from it."""


class RecordingSession:
    """Works through a plan; `stop` ends it early and whole. `left` says why a pair was not asked.

    With `whole`, a question is begun only where the ceiling can pay for all of its pairs. With
    `alone`, a backend has one arm at a time, and one of its calls after the other: what a server
    measures is then that arm's, and a further turn finds its conversation still there.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        stage: Stage,
        ledger: Ledger,
        grader: Grader,
        clock: Clock,
        progress: Progress,
        process: int,
        patience_s: float = 60.0,
        whole: bool = True,
        alone: bool = False,
        watch: Watch | None = None,
        sync: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`sync`, where given, brings the journal to the disk; it is awaited before each call."""
        self.plan, self.stage, self.ledger, self.grader = plan, stage, ledger, grader
        self.clock, self.progress, self.process = clock, progress, process
        self.patience_s, self.whole, self.watch = patience_s, whole, watch or Everything()
        self.alone = alone
        self.stop = asyncio.Event()
        self.left: dict[str, str] = {}  #: key -> why it was not asked
        self.purse = Purse(ceiling=stage.ceiling, bound=self._bound)
        self._sync, self._under_way = sync, dict[str, asyncio.Event]()
        self._turns = {name: asyncio.Lock() for name in stage.backends}
        log = EventLog(
            learner=LEARNER, sink=ledger, arms=stage.arms, reserved=stage.admission.reserved,
            content=True,
        )  # fmt: skip
        self._routers = {arm: self._router(arm, log) for arm in stage.arms}

    async def run(self, pacing: Pacing) -> None:
        """Ask and grade all that is missing, or until `stop`."""
        probing = asyncio.create_task(self.stage.probe())
        try:
            works = (question for question in self.plan.questions)
            await pacing.pace(works, self._serve, self.stop)
        finally:
            probing.cancel()

    # -- one question ---------------------------------------------------------------------

    async def _serve(self, question: LiveQuestion) -> None:
        pairs = [pair for pair in self.plan.of(question) if self.watch.wants(pair)]
        recorded = self.ledger.recorded
        missing = {pair.key: pair for pair in pairs if recorded.wanted(pair)}
        others = [self._under_way[key] for key in missing if key in self._under_way]
        mine = [pair for key, pair in missing.items() if key not in self._under_way]
        for pair in mine:
            self._under_way[pair.key] = asyncio.Event()
        try:
            await self._ask_all(mine)
        finally:
            for pair in mine:
                self._under_way.pop(pair.key).set()
        for event in others:  # another question with the same content is being asked
            await event.wait()
        for pair in pairs:
            if pair.step == "answer":
                await self._grade(pair)
        self.purse.changed()
        self.watch.done(question)

    async def _ask_all(self, pairs: Sequence[Pair]) -> None:
        batches = [list(pairs)] if self.whole else _grouped(pairs, lambda pair: pair.root)
        async with asyncio.TaskGroup() as group:
            for batch in filter(None, batches):
                if await self.purse.admit(batch, self.stop):
                    for turns in _grouped(batch, lambda p: p.arm if self.alone else p.root):
                        group.create_task(self._converse(turns))
                else:
                    why = "stopped before its turn" if self.stop.is_set() else BUDGET
                    self.left.update({pair.key: why for pair in batch})

    async def _converse(self, turns: Sequence[Pair]) -> None:
        backend = self.stage.arms[turns[0].arm].backend
        async with self._turns[backend] if self.alone else nullcontext():
            for pair in turns:
                await self._turn(pair)

    async def _turn(self, pair: Pair) -> None:
        recorded = self.ledger.recorded
        try:
            if recorded.needless(pair):
                self.progress.total -= 1
            elif pair.step != "answer" and not recorded.said(pair):
                self.left[pair.key] = UNANSWERED
            else:
                await self._ask(pair)
        finally:
            self.purse.begun(pair)
            self.purse.changed()

    async def _ask(self, pair: Pair) -> None:
        said = self.ledger.recorded.said(pair)
        request = self.plan.request(pair, self.process, self.clock.now(), said=said)
        context = self.stage.admission.context(request, _NO_FEATURES)
        closed = await self._closed(request, pair.arm, context)
        if closed is not None:
            self.left[pair.key] = closed
            return
        shadow = self._routers[pair.arm].shadow(request, context, pair.arm, pair.number)
        attempt = await drive(shadow, lambda call: self._call(call, pair))
        if attempt is None:
            self.left[pair.key] = BUDGET
            return
        self._count(pair, attempt)

    async def _call(self, call: Call, pair: Pair) -> Response:
        self.purse.begun(pair)
        if self._sync is not None:
            await self._sync()
        return await self.stage.caller(call)

    async def _closed(self, request: Request, arm: str, context: Context) -> str | None:
        """Why the arm cannot be asked; an open breaker is waited for."""
        admission, breakers = self.stage.admission, self.stage.breakers
        most = float(context.max_cost[context.candidates.index(arm)])
        deadline = self.clock.now() + self.patience_s
        while True:
            closed = admission.closed(request, arm, most)
            waits = not breakers.allows(self.stage.arms[arm].model, self.clock.now())
            if closed is None or not waits or self.stop.is_set() or self.clock.now() >= deadline:
                return closed
            await asyncio.sleep(_LOOK_AGAIN_S)

    # -- grading --------------------------------------------------------------------------

    async def _grade(self, pair: Pair) -> None:
        recorded = self.ledger.recorded
        answer = recorded.answer(pair)
        if answer is None or recorded.quality(pair) is not None:
            return
        last = answer.last
        response = Response(
            model=last.model, content=answer.final, usage=last.usage,
            finish_reason=last.finish_reason, signals=last.signals,
        )  # fmt: skip
        grade = await self.grader.grade(pair.question.for_grader(), response)
        self.ledger.append(
            Graded(
                learner=LEARNER,
                at=time.time(),
                decision_id=recorded.grade_id(pair),
                quality=grade.quality,
                status=grade.status,
                source=self.grader.name,
                cost_usd=grade.cost_usd,
            )
        )
        self.progress.graded(grade.quality)

    # -- pieces ---------------------------------------------------------------------------

    def _count(self, pair: Pair, attempt: Attempt) -> None:
        self.progress.finished(
            Outcome(
                request_id=pair.question.id,
                attempts=(attempt,),
                total_cost_usd=attempt.cost_usd,
                latency_s=attempt.response.latency_s,
                completed_at=self.clock.now(),
            )
        )

    def _bound(self, pair: Pair) -> Bound:
        said = self.ledger.recorded.said(pair)
        request = self.plan.request(pair, self.process, said=said)
        return self.stage.costing.bound(request, pair.arm)

    def _router(self, arm: str, log: EventLog) -> Router:
        """Each arm is a fixed policy, asked beside all the others."""
        policy = Fixed(arm=arm, name=LEARNER)
        return Router(
            policy=policy, seed=0, clock=self.clock, joiner=FeedbackJoiner(policy),
            bill=self.stage.costing.bill, retry=self.stage.retry, gate=self.stage.admission,
            log=log,
        )  # fmt: skip


def _grouped(pairs: Sequence[Pair], key: Callable[[Pair], str]) -> list[list[Pair]]:
    """Those with an equal key together, in their order."""
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(key(pair), []).append(pair)
    return list(found.values())
