"""A list of words or numbers, in order."""

from __future__ import annotations

import re
from typing import ClassVar

from gairp.rewards.graders.base import TextGrader, first_line


class Items(TextGrader):
    """The words or numbers of the first line, whatever separates them."""

    name: ClassVar[str] = "list"

    def extract(self, response: str) -> str:
        """The items in lower case, joined by commas."""
        line = first_line(response).rpartition(":")[2]
        return ",".join(re.findall(r"\w+", line.casefold()))
