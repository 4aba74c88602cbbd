"""A model that grades one response at a time."""

from __future__ import annotations

import math
from typing import ClassVar

from gairp.rewards.graders.grade import Grade, Question
from gairp.rewards.judges.base import Judge, said
from gairp.rewards.judges.vote import combined


class PointwiseJudge(Judge):
    """Asks a model how good a response is; single-answer grading of Zheng et al. (2023), section 3.

    The rubric must show `{question}` and `{answer}`. An empty response is not asked about. See
    `Judge` for the arguments.
    """

    name: ClassVar[str] = "judge"
    needs_answer: ClassVar[bool] = False

    def _check(self) -> None:
        self.rubric.require("question", "answer")

    async def _grade(self, question: Question, text: str) -> Grade:
        if not text.strip():
            return Grade(quality=0.0, status="no_answer", reason="the response is empty")
        fields = {"question": question.prompt, "answer": text}
        calls = await self._asked(question.id, fields, question.answer)
        status = self._status(calls)
        votes = [call.vote for call in calls]
        labels = [self.rubric.read(call.response.content) or "?" for call in calls]
        return Grade(
            quality=combined(votes, self.combine) if status == "graded" else math.nan,
            status=status,
            extracted=",".join(labels) if status == "graded" else "",
            reason=said(calls),
            calls=calls,
        )
