"""What came with an answer, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gairp.types import Response

#: What every answer brings, recorded or live; further signals are the backend's.
OF_EVERY_ANSWER = ("output_tokens",)


class Signals:
    """Signals of one answer; NaN for one that it did not bring."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    @classmethod
    def of(cls, response: Response) -> Signals:
        """Those of a response."""
        return cls({"output_tokens": response.usage.output_tokens, **response.signals})

    def __getitem__(self, name: str) -> float:
        return self._values.get(name, math.nan)
