"""A word or short phrase."""

from __future__ import annotations

import re
from typing import ClassVar

from gairp.rewards.graders.base import TextGrader, first_line

_SENTENCE = re.compile(
    r"^.*\b(?:is|are|was|be|becomes|comes|prints?|outputs?)\b:?\s+", re.IGNORECASE
)


class Exact(TextGrader):
    """The first line, case and inner punctuation kept, outer quotes and full stop dropped."""

    name: ClassVar[str] = "exact"

    def extract(self, response: str) -> str:
        """The bare text."""
        line = first_line(response)
        line = _SENTENCE.sub("", line) if len(line.split()) > 2 else line
        return line.strip().rstrip(".").strip("\"'` ")


class Text(Exact):
    """Like `exact`, but case, articles and a trailing comment after a comma do not matter."""

    name: ClassVar[str] = "text"

    def extract(self, response: str) -> str:
        """The bare text in lower case."""
        text = super().extract(response).casefold().split(",")[0]
        return re.sub(r"^(?:the|an?)\s+", "", text).strip(" .!\"'`")


class Mention(Text):
    """The first line names the answer as a whole word, in any case.

    For open questions whose answer does not occur in the question, so that an echo cannot pass.
    A line of over fifteen words is a list of guesses, not an answer.
    """

    name: ClassVar[str] = "mention"

    def score(self, response: str, answer: str) -> float:
        """1.0 where the line names the answer."""
        line = first_line(response)
        named = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", line, re.IGNORECASE)
        return float(named is not None and len(line.split()) <= 15)
