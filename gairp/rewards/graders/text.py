"""A word or short phrase."""

from __future__ import annotations

import re
from typing import ClassVar

from gairp.rewards.graders.base import Grader, first_line

_SENTENCE = re.compile(r"^.*\b(?:is|are|was|would be|comes|prints)\b:?\s+", re.IGNORECASE)


class Exact(Grader):
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
