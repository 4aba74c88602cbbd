"""What every grader does."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import ClassVar

_LEAD = re.compile(
    r"^(?:the )?(?:final )?(?:answer|result|output)\s*(?:is)?\s*[:=]?\s*", re.IGNORECASE
)


class Grader(ABC):
    """Extracts the answer from a response, in a normal form, and compares.

    Two responses with the same extracted answer agree; an empty one means none was found.
    """

    name: ClassVar[str]

    @abstractmethod
    def extract(self, response: str) -> str:
        """The answer in normal form, or an empty string."""

    def score(self, response: str, answer: str) -> float:
        """1.0 where the extracted answer equals the normal form of `answer`, else 0.0."""
        found = self.extract(response)
        return float(bool(found) and found == self.extract(answer))


def first_line(response: str) -> str:
    """The first line that says something, without Markdown marks or a lead-in as 'Answer:'."""
    for line in response.replace("```python", "").replace("```", "").splitlines():
        text = _LEAD.sub("", line.strip().strip("*`").strip()).strip().strip("*`").strip()
        if text:
            return text
    return ""
