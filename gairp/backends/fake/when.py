"""Which of the calls that reach it a fault strikes."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from gairp.errors import ConfigError
from gairp.rng import DecisionRng

FORMS = "always, never, first N, after N, every N, call N, probability P"


class When(msgspec.Struct, frozen=True):
    """A rule on the number of the call, counted from 1, or a chance."""

    rule: str
    number: float = 0.0

    def strikes(self, count: int, rng: DecisionRng) -> bool:
        """Whether the call number `count` is struck."""
        match self.rule:
            case "always":
                return True
            case "first":
                return count <= self.number
            case "after":
                return count > self.number
            case "every":
                return count % int(self.number) == 0
            case "call":
                return count == self.number
            case "probability":
                return rng.random() < self.number
        return False


@lru_cache(maxsize=1024)
def when(text: str) -> When:
    """Reads `always`, `never`, `first 3`, `after 3`, `every 5`, `call 2`, `probability 0.1`."""
    rule, _, number = text.strip().partition(" ")
    if rule in ("always", "never") and not number:
        return When(rule)
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if rule == "probability" and 0 <= value <= 1:
        return When(rule, value)
    if rule in ("first", "after", "every", "call") and value.is_integer() and value >= 1:
        return When(rule, value)
    raise ConfigError(f"when: {text!r} says no rule; there are: {FORMS}")
