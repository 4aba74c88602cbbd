"""A regular expression: to find the answer with, or the answer itself."""

from __future__ import annotations

from typing import ClassVar

from gairp.errors import ConfigError
from gairp.rewards.graders.base import TextGrader
from gairp.rewards.graders.pattern import Pattern

_GROUP = "answer"


class Regex(TextGrader):
    """With `pattern`, its group `answer` is the answer of a response; without, each question's
    answer is an expression, which must match somewhere in the response.

    `pattern` finds the leftmost match; `(?s).*` in front of the group makes that the last one.
    Answers are compared without regard to case and to white space at the ends. Expressions are
    those of RE2 (`gairp.rewards.graders.pattern`), so that no answer of a model can hang a run.

    Raises ConfigError for a pattern without that group, with other groups that have no name, or
    that RE2 does not take.
    """

    name: ClassVar[str] = "regex"

    def __init__(self, *, pattern: str | None = None) -> None:
        self.pattern = None if pattern is None else Pattern(pattern, where="grader.pattern")
        if self.pattern is not None:
            if _GROUP not in self.pattern.groups:
                raise ConfigError(
                    f"grader.pattern: {pattern!r} has no group (?P<{_GROUP}>…) for the answer"
                )
            self.pattern.group("", _GROUP)

    def extract(self, response: str) -> str:
        """What the group matched, in lower case; without a pattern, the response."""
        if self.pattern is None:
            return response.strip()
        return (self.pattern.group(response, _GROUP) or "").strip().casefold()

    def score(self, response: str, answer: str) -> float:
        """1.0 where the group equals the answer, or the answer's expression matches."""
        if self.pattern is None:
            return float(Pattern(answer, where="a question's answer").found_in(response))
        found = self.extract(response)
        return float(bool(found) and found == answer.strip().casefold())
