"""A grader, as seen from outside."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from gairp.rewards.graders.grade import Grade, Question
from gairp.types import Response


@runtime_checkable
class Grader(Protocol):
    """Says how good a response is. One may grade many responses at once."""

    @property
    def name(self) -> str:
        """A short name for logs and for `Feedback.source`."""

    async def grade(self, question: Question, response: Response) -> Grade:
        """The grade of one response.

        What goes wrong with one response is a grade with status `failed`, no exception. Raises
        DataError where the question lacks the answer that this grader needs, ConfigError where
        its answer is no pattern, schema or whatever the grader takes, and MissingProgramError
        or MissingDependencyError where something must be installed first.
        """

    async def aclose(self) -> None:
        """Give back what the grader itself opened; harmless when done twice."""
