"""Every question by the grader that its dataset names."""

from __future__ import annotations

from collections.abc import Mapping

from gairp.errors import DataError
from gairp.rewards.graders.grade import Grade, Question
from gairp.rewards.graders.named import get_grader
from gairp.rewards.graders.protocol import Grader
from gairp.types import Response


class ByQuestion:
    """Sends each response to the grader that its question names.

    `graders` gives names of your own to graders, such as a judge; other names are those of
    `get_grader`. `default` takes questions that name none; without it they are a DataError.
    """

    name = "by_question"

    def __init__(
        self, *, graders: Mapping[str, Grader] | None = None, default: Grader | None = None
    ) -> None:
        self.default = default
        self._graders: dict[str, Grader] = dict(graders or {})

    async def grade(self, question: Question, response: Response) -> Grade:
        """The grade that the question's own grader gives; UnknownNameError where there is none."""
        return await self._chosen(question).grade(question, response)

    async def aclose(self) -> None:
        """Close every grader that was given or made."""
        for grader in (*self._graders.values(), *([self.default] if self.default else [])):
            await grader.aclose()

    def _chosen(self, question: Question) -> Grader:
        if not question.grader:
            if self.default is None:
                raise DataError(
                    f"question {question.id!r} names no grader; give the dataset a grader column, "
                    "or set `default`"
                )
            return self.default
        if question.grader not in self._graders:
            self._graders[question.grader] = get_grader(question.grader)
        return self._graders[question.grader]
