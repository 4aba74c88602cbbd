"""A JSON object, compared by value."""

from __future__ import annotations

import json
import re
from typing import ClassVar

from gairp.rewards.graders.base import TextGrader

_OBJECT = re.compile(r"\{.*?\}", re.DOTALL)


class JsonObject(TextGrader):
    """The first flat object of the response; the order of keys does not matter, types do."""

    name: ClassVar[str] = "json"

    def extract(self, response: str) -> str:
        """The object with sorted keys, or an empty string where it does not parse."""
        match = _OBJECT.search(response)
        if match is None:
            return ""
        try:
            return json.dumps(json.loads(match.group()), sort_keys=True)
        except ValueError:  # no JSON, or a number of thousands of digits
            return ""
