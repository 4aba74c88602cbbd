"""A number, however it is dressed."""

from __future__ import annotations

import re
from typing import ClassVar

from gairp.rewards.graders.base import TextGrader, first_line

_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


class Number(TextGrader):
    """The last number of the first line, so that '12 + 30 = 42' answers 42."""

    name: ClassVar[str] = "number"

    def extract(self, response: str) -> str:
        """The number without thousands separators or needless zeros."""
        found = _NUMBER.findall(first_line(response))
        return f"{float(found[-1].replace(',', '')):.10g}" if found else ""
