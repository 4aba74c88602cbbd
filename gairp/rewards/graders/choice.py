"""One of some labels."""

from __future__ import annotations

import re
from typing import ClassVar

from gairp.rewards.graders.base import TextGrader, first_line


class Choice(TextGrader):
    """The label that the first line names, if it names exactly one.

    Labels of one letter count only as written (`A`, not the article `a`).
    """

    name: ClassVar[str] = "choice"

    def __init__(self, *, labels: tuple[str, ...]) -> None:
        self.labels = labels
        self._patterns = [
            (label, re.compile(rf"\b{re.escape(label)}\b", 0 if len(label) == 1 else re.IGNORECASE))
            for label in labels
        ]

    def extract(self, response: str) -> str:
        """The label as it was declared."""
        line = first_line(response)
        named = [label for label, pattern in self._patterns if pattern.search(line)]
        return named[0] if len(named) == 1 else ""
