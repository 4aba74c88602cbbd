"""Conversions between everyday units."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_EASY = (
    ("metres", "centimetres", 100),
    ("kilometres", "metres", 1000),
    ("kilograms", "grams", 1000),
    ("hours", "minutes", 60),
    ("weeks", "days", 7),
    ("minutes", "seconds", 60),
    ("litres", "millilitres", 1000),
    ("days", "hours", 24),
)
_HARD = (
    ("hours", "minutes", 60, "minutes", 59),
    ("metres", "centimetres", 100, "centimetres", 99),
    ("kilograms", "grams", 1000, "grams", 999),
    ("weeks", "days", 7, "days", 6),
    ("days", "hours", 24, "hours", 23),
)


class Units(Family):
    """1: to the smaller unit; 2: to the larger unit; 3: a mixed quantity."""

    name = "units"
    hint = "the number"
    grader = "number"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        if difficulty == 3:
            big, small, factor, rest_unit, top = rng.choice(_HARD)
            n, rest = rng.randint(1, 5), rng.randint(1, min(top, 50))
            return Item(
                f"How many {small} are {n} {big} and {rest} {rest_unit}?", str(n * factor + rest)
            )
        big, small, factor = rng.choice(_EASY)
        n = rng.randint(2, 12)
        if difficulty == 1:
            return Item(f"How many {small} are {n} {big}?", str(n * factor))
        return Item(f"How many {big} are {n * factor} {small}?", str(n))
