"""A grader that takes its time, and another one for each answer."""

from __future__ import annotations

import asyncio

from gairp.rewards.graders import ByQuestion, Grade, Question
from gairp.rng import DecisionRng
from gairp.types import Response


class SlowGrader(ByQuestion):
    """Uniformly up to `most_s` seconds, by the question."""

    def __init__(self, *, most_s: float) -> None:
        super().__init__()
        self.most_s = most_s

    async def grade(self, question: Question, response: Response) -> Grade:
        """As the question says, later."""
        await asyncio.sleep(self.most_s * DecisionRng(0, question.id, 0).random())
        return await super().grade(question, response)
