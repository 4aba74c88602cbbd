"""A model that says which of two responses is better."""

from __future__ import annotations

import asyncio
import math
from typing import ClassVar

import msgspec

from gairp.errors import ConfigError
from gairp.rewards.graders.grade import Grade, GraderCall, Question
from gairp.rewards.judges.base import Judge, said
from gairp.rewards.judges.comparison import Comparison, settled
from gairp.rewards.judges.vote import combined


class PairwiseJudge(Judge):
    """Compares two responses in both orders; pairwise comparison of Zheng et al. (2023).

    The rubric must show `{question}`, `{first}` and `{second}`, and its labels be worth 1 (the
    first is better), 0 (the second is) and, if it allows a tie, 0.5. Where the two orders disagree
    it is a tie: the position decided. As a grader it compares the response with the question's
    answer, and a response as good as that has quality 0.5. See `Judge` for the arguments.
    """

    name: ClassVar[str] = "pairwise_judge"

    def _check(self) -> None:
        if self.combine != "majority":
            raise ConfigError("grader.combine of a comparison is majority; leave it out")
        self.rubric.require("question", "first", "second")
        worth = set(self.rubric.labels.values())
        if not {0.0, 1.0} <= worth <= {0.0, 0.5, 1.0}:
            raise ConfigError(
                f"rubric.labels of a comparison are worth {sorted(worth)}; give 1 for the first, "
                "0 for the second and 0.5 for a tie"
            )

    async def compare(
        self, question: Question, first: str, second: str, *, reference: str | None = None
    ) -> Comparison:
        """Which response is better. `reference`, where given, is shown as the right answer."""
        forward, backward = await asyncio.gather(
            self._ordered(f"{question.id}/forward", question.prompt, first, second, reference),
            self._ordered(f"{question.id}/backward", question.prompt, second, first, reference),
        )
        backward = tuple(msgspec.structs.replace(call, vote=1.0 - call.vote) for call in backward)
        states = {self._status(forward), self._status(backward)} - {"graded"}
        orders = [self._order(calls) for calls in (forward, backward)]
        return Comparison(
            preference=settled(*orders), forward=orders[0], backward=orders[1],
            status=min(states, default="graded"), reason=said((*forward, *backward)),
            calls=(*forward, *backward),
        )  # fmt: skip

    async def _grade(self, question: Question, text: str) -> Grade:
        if not text.strip():
            return Grade(quality=0.0, status="no_answer", reason="the response is empty")
        return (await self.compare(question, text, question.answer or "")).grade()

    async def _ordered(
        self, request_id: str, prompt: str, first: str, second: str, reference: str | None
    ) -> tuple[GraderCall, ...]:
        fields = {"question": prompt, "first": first, "second": second}
        return await self._asked(request_id, fields, reference)

    def _order(self, calls: tuple[GraderCall, ...]) -> float:
        """The verdict of one order's samples: a tie where two are equally common."""
        if self._status(calls) != "graded":
            return math.nan
        vote = combined([call.vote for call in calls])
        return vote if vote in (0.0, 1.0) else 0.5
