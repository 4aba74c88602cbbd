"""Brief: the right word, said in few."""

from __future__ import annotations

from typing import ClassVar

from gairp.errors import ConfigError
from gairp.rewards.graders import BaseGrader, Grade, Match, Question


class Brief(BaseGrader):
    """Quality 1 for an answer that names the right one within `words` words, less for more.

    Above that it falls as the share words / length; without the right answer it is 0. Raises
    ConfigError for a limit below 1.
    """

    name: ClassVar[str] = "brief"

    def __init__(self, *, words: int = 20) -> None:
        if words < 1:
            raise ConfigError(f"grader.words is {words}; give 1 or more")
        self.words = words
        self._named = Match(part="all", place="anywhere")

    async def _grade(self, question: Question, text: str) -> Grade:
        length = len(text.split())
        if not length:
            return Grade(quality=0.0, status="no_answer", reason="the response is empty")
        if not self._named.score(text, question.answer or ""):
            return Grade(quality=0.0, extracted=text, reason=f"{question.answer!r} is not named")
        quality = min(1.0, self.words / length)
        return Grade(quality=quality, extracted=text, reason=f"named, in {length} words")
