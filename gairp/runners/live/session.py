"""The live run itself: every question to every learner, graded, learned, and asked beside."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping, Sequence
from hashlib import blake2b

from gairp.protocols import Clock
from gairp.records.events import Graded
from gairp.rewards import Utility
from gairp.rewards.graders import Grader
from gairp.rng import DecisionRng
from gairp.routing.driver import drive
from gairp.routing.event_log import Sink
from gairp.routing.steps import Call
from gairp.runners.live.learner import Learner
from gairp.runners.live.material import Material
from gairp.runners.live.pacing import Pacing
from gairp.runners.live.progress import Progress
from gairp.runners.live.question import LiveQuestion
from gairp.runners.live.settings import LiveSettings
from gairp.runners.live.spool import Spool
from gairp.runners.live.stage import Stage
from gairp.types import Attempt, Context, Feedback, Outcome, Request, Response

Work = tuple[LiveQuestion, Learner]
_LOOK_AGAIN_S = 0.1


class Session:
    """Serves what an earlier process of the same run has not; `stop` ends it early and whole."""

    def __init__(
        self,
        *,
        stage: Stage,
        learners: Sequence[Learner],
        material: Material,
        live: LiveSettings,
        grader: Grader,
        spool: Spool,
        sink: Sink,
        clock: Clock,
        utility: Utility,
        progress: Progress,
        sync: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """`sync`, where given, brings the log to the disk; it is awaited before each call."""
        self.stage, self.learners, self.material, self.live = stage, learners, material, live
        self.grader, self.spool, self.sink, self.clock = grader, spool, sink, clock
        self.utility, self.progress, self._sync = utility, progress, sync
        self.stop = asyncio.Event()
        self.unlearned = 0  #: answers whose quality or cost nobody knows
        self._feedback: set[asyncio.Task[None]] = set()
        self._asked: dict[str, set[str]] = {}  # question with shadows -> arms that answered it
        self._left: dict[str, int] = {}  # question under way -> learners still to serve it

    async def run(self, pacing: Pacing) -> None:
        """Serve all that has not been answered yet; deliver all feedback."""
        answered = {learner.name: learner.answered() for learner in self.learners}
        for learner in self.learners:
            for question_id, arm in learner.asked():
                self._note_arm(question_id, arm)
        probing = asyncio.create_task(self.stage.probe())
        try:
            await self._take_up()
            await pacing.pace(self._works(answered), self._serve, self.stop)
            for question in self.material.questions:  # whose shadows a kill may have cut off
                if all(question.id in answered[learner.name] for learner in self.learners):
                    await self._shadows(question, self.learners[0])
            if self._feedback:
                await asyncio.gather(*self._feedback)
        finally:
            probing.cancel()
            for task in self._feedback:
                task.cancel()

    def _works(self, answered: Mapping[str, Container[str]]) -> Iterator[Work]:
        """Question by question, what each learner still has to serve."""
        for question in self.material.questions:
            missing = [ln for ln in self.learners if question.id not in answered[ln.name]]
            if missing:
                self._left[question.id] = len(missing)
            yield from ((question, learner) for learner in missing)

    def _note_arm(self, question_id: str, arm: str) -> None:
        """An arm has answered: its shadow is not needed."""
        if chosen(question_id, self.live.shadow_share):
            self._asked.setdefault(question_id, set()).add(arm)

    # -- one request ----------------------------------------------------------------------

    async def _serve(self, work: Work) -> None:
        question, learner = work
        request = learner.request(question, self.clock.now())
        context = await self._admitted(request, question)
        outcome = await drive(learner.router.route(request, context), self._ask)
        self.progress.finished(outcome)
        if outcome.attempts and outcome.attempts[-1].response.error is None:
            await self._answered(question, learner, outcome)
        # Counted after grading, which takes its time: else two learners would both be the last.
        self._left[question.id] -= 1
        if not self._left[question.id]:
            del self._left[question.id]
            await self._shadows(question, learner)

    async def _admitted(self, request: Request, question: LiveQuestion) -> Context:
        """The context; open breakers, and money held for calls under way, are waited for."""
        admission, features = self.stage.admission, self.material.features[question.row]
        deadline = self.clock.now() + self.live.patience_s
        context = admission.context(request, features)
        while True:
            if (
                not admission.may_reopen(request, context)
                or self.clock.now() >= deadline
                or self.stop.is_set()
            ):
                return context
            await asyncio.sleep(_LOOK_AGAIN_S)
            context = admission.context(request, features, again=True)

    async def _ask(self, call: Call) -> Response:
        if self._sync is not None:
            await self._sync()
        response = await self.stage.caller(call)
        if response.error is None:
            self.spool.keep(call.decision.id, response.content)
        return response

    async def _answered(self, question: LiveQuestion, learner: Learner, outcome: Outcome) -> None:
        attempt = outcome.attempts[-1]
        self._note_arm(question.id, attempt.decision.arm)
        quality = await self._grade(question, learner, attempt.decision.id, attempt.response)
        self.progress.graded(quality)
        worth = self.utility.of(quality, outcome.total_cost_usd, outcome.latency_s)
        if math.isfinite(worth):
            self._deliver(learner, attempt.decision.id, quality)
        else:
            self.unlearned += 1
            learner.joiner.forget(attempt.decision.id)

    async def _grade(
        self, question: LiveQuestion, learner: Learner, decision_id: str, response: Response
    ) -> float:
        grade = await self.grader.grade(question.for_grader(), response)
        self.sink.append(
            Graded(
                learner=learner.name,
                at=time.time(),
                decision_id=decision_id,
                quality=grade.quality,
                status=grade.status,
                source=self.grader.name,
                cost_usd=grade.cost_usd,
            )
        )
        self.spool.drop(decision_id)
        return grade.quality

    # -- feedback -------------------------------------------------------------------------

    def _deliver(self, learner: Learner, decision_id: str, quality: float) -> None:
        low, high = self.live.feedback_delay_s
        if high <= 0.0:
            self._learn(learner, decision_id, quality)
            return
        uniform = DecisionRng(learner.job.seed, decision_id, -2).random()
        task = asyncio.create_task(
            self._later(low + uniform * (high - low), learner, decision_id, quality)
        )
        self._feedback.add(task)
        task.add_done_callback(self._feedback.discard)

    async def _later(
        self, delay_s: float, learner: Learner, decision_id: str, quality: float
    ) -> None:
        await asyncio.sleep(delay_s)
        self._learn(learner, decision_id, quality)

    def _learn(self, learner: Learner, decision_id: str, quality: float) -> None:
        learner.joiner.deliver(
            Feedback(
                decision_id=decision_id,
                quality=quality,
                source=self.grader.name,
                received_at=self.clock.now(),
            )
        )

    async def _take_up(self) -> None:
        """Grade and deliver what an earlier process had been answered and not learned."""
        questions = {question.id: question for question in self.material.questions}
        for learner in self.learners:
            past = learner.past
            for decision_id, outcome in past.observed.items():
                attempt = outcome.attempts[-1]
                if decision_id in past.learned or attempt.response.error is not None:
                    continue
                quality = past.graded.get(decision_id, math.nan)
                if decision_id in self.spool.kept:
                    question = questions[past.tags[decision_id]["question"]]
                    response = Response(
                        model=attempt.response.model, content=self.spool.kept[decision_id]
                    )
                    quality = await self._grade(question, learner, decision_id, response)
                worth = self.utility.of(quality, outcome.total_cost_usd, outcome.latency_s)
                if math.isfinite(worth):
                    self._learn(learner, decision_id, quality)

    # -- beside ---------------------------------------------------------------------------

    async def _shadows(self, question: LiveQuestion, learner: Learner) -> None:
        """Ask every other arm too, for a share of the questions: what comparators are made of."""
        if not chosen(question.id, self.live.shadow_share) or self.stop.is_set():
            return
        asked = self._asked.pop(question.id, ())
        missing = [arm for arm in self.stage.arms if arm not in asked]
        async with asyncio.TaskGroup() as group:
            for number, arm in enumerate(missing):
                group.create_task(self._shadow(question, learner, arm, number))

    async def _shadow(
        self, question: LiveQuestion, learner: Learner, arm: str, number: int
    ) -> None:
        times = learner.begun.get(question.id, 0)
        request = question.request(learner.name, self.clock.now())
        admission = self.stage.admission
        context = admission.context(request, self.material.features[question.row])
        if arm not in admission.narrow(request, context, frozenset()).candidates:
            return
        shadow = learner.router.shadow(request, context, arm, number + 100 * times)
        attempt: Attempt | None = await drive(shadow, self._ask)
        if attempt is None:
            return
        self.progress.shadowed(attempt)
        if attempt.response.error is None:
            await self._grade(question, learner, attempt.decision.id, attempt.response)


def chosen(question_id: str, share: float) -> bool:
    """Whether a question is among this share of all; the same in every run."""
    digest = blake2b(question_id.encode(), digest_size=8, person=b"shadow").digest()
    return int.from_bytes(digest, "little") < share * 2.0**64
