"""What all graders share; and those that read an answer out of the text and compare it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from gairp.errors import DataError
from gairp.rewards.graders.grade import Grade, Question, unknown
from gairp.types import Response

_LEAD = re.compile(
    r"^(?:the )?(?:final )?(?:answer|result|output)\s*(?:is)?\s*[:=]?\s*", re.IGNORECASE
)


class BaseGrader(ABC):
    """A subclass writes `_grade`; a response with an error never gets there."""

    name: ClassVar[str]
    needs_answer: ClassVar[bool] = True

    async def grade(self, question: Question, response: Response) -> Grade:
        """The grade of one response; see `gairp.rewards.graders.protocol.Grader`."""
        if self.needs_answer and question.answer is None:
            raise DataError(
                f"question {question.id!r} has no answer, and the grader {self.name!r} compares "
                "with one; give the dataset an answer column, or choose a grader without"
            )
        if response.error is not None:
            return unknown(f"the response had an error: {response.error}")
        return await self._grade(question, response.content)

    @abstractmethod
    async def _grade(self, question: Question, text: str) -> Grade:
        """The grade of a whole response's text."""

    async def aclose(self) -> None:
        """Nothing was opened."""


class TextGrader(BaseGrader):
    """Extracts the answer from a response, in a normal form, and compares: at once, no waiting.

    Two responses with the same extracted answer agree; an empty one means none was found.
    """

    @abstractmethod
    def extract(self, response: str) -> str:
        """The answer in normal form, or an empty string."""

    def score(self, response: str, answer: str) -> float:
        """1.0 where the extracted answer equals the normal form of `answer`, else 0.0."""
        found = self.extract(response)
        return float(bool(found) and found == self.extract(answer))

    async def _grade(self, question: Question, text: str) -> Grade:
        answer = question.answer or ""
        found, quality = self.extract(text), self.score(text, answer)
        if not found and quality == 0.0:
            return Grade(quality=0.0, status="no_answer", reason=f"no {self.name} in the response")
        wanted = self.extract(answer) or answer
        reason = f"found {found!r}, " + ("as wanted" if quality == 1.0 else f"wanted {wanted!r}")
        return Grade(quality=quality, extracted=found, reason=reason)


def first_line(response: str) -> str:
    """The first line that says something, without Markdown marks or a lead-in as 'Answer:'."""
    for line in response.replace("```python", "").replace("```", "").splitlines():
        text = _LEAD.sub("", line.strip().strip("*`").strip()).strip().strip("*`").strip()
        if text:
            return text
    return ""
