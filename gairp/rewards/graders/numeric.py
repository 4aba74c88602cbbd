"""A number within a tolerance."""

from __future__ import annotations

import math
import re
from typing import ClassVar, Literal

from gairp.errors import ConfigError, DataError
from gairp.rewards.graders.base import TextGrader

# Digits in groups of three, or plain; no part can match the same digits in two ways.
_NUMBER = re.compile(
    r"(?<![\w.])[-+−]?[$€£]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:(?<=\d)\.\d+|(?<![\w.])\.\d+)?"
    r"(?:(?<=\d)[eE][-+]?\d{1,3})?(?<=\d)"
)
_DRESS = str.maketrans({"−": "-", ",": "", "$": "", "€": "", "£": ""})


class Numeric(TextGrader):
    """The last (or first) number of the response, right where it is near enough.

    Near enough is |found − answer| <= max(absolute, relative · |answer|): the relative tolerance
    refers to the right answer, so that a wild guess widens nothing. Thousands separators, a
    currency sign and an exponent are read; a percent sign and a unit are passed over, and 60% is
    60. With no tolerance the two must be the same double, or differ by rounding (one part in 1e12).

    Raises ConfigError for a negative tolerance and DataError for an answer that is no number.
    """

    name: ClassVar[str] = "numeric"

    def __init__(
        self,
        *,
        absolute: float = 0.0,
        relative: float = 0.0,
        which: Literal["first", "last"] = "last",
    ) -> None:
        for key, value in (("absolute", absolute), ("relative", relative)):
            if not (math.isfinite(value) and value >= 0.0):
                raise ConfigError(f"grader.{key} is {value}; give a number >= 0")
        if which not in ("first", "last"):
            raise ConfigError(f"grader.which: {which!r} is unknown; there are: first, last")
        self.absolute, self.relative, self.which = absolute, relative, which

    def extract(self, response: str) -> str:
        """The number to ten digits, or an empty string."""
        value = self._value(response)
        return "" if value is None else f"{value:.10g}"

    def score(self, response: str, answer: str) -> float:
        """1.0 where the number is near enough."""
        wanted, found = self._value(answer), self._value(response)
        if wanted is None:
            raise DataError(
                f"the answer {answer!r} holds no number; the grader 'numeric' needs one"
            )
        if found is None:
            return 0.0
        allowed = max(self.absolute, max(self.relative, 1e-12) * abs(wanted))
        return float(abs(found - wanted) <= allowed)

    def _value(self, text: str) -> float | None:
        found = [match.group() for match in _NUMBER.finditer(text)]
        if not found:
            return None
        value = float(found[0 if self.which == "first" else -1].translate(_DRESS))
        return value if math.isfinite(value) else None
