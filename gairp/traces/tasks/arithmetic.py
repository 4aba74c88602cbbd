"""Sums, differences and products of growing size."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item


class Arithmetic(Family):
    """1: two digits and one; 2: larger sums and the times table; 3: two operations."""

    name = "arithmetic"
    hint = "the number"
    grader = "number"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        if difficulty == 1:
            a, b = rng.randint(9, 40), rng.randint(1, 9)
            return _ask(f"{a} + {b}", a + b) if rng.random() < 0.6 else _ask(f"{a} - {b}", a - b)
        if difficulty == 2:
            if rng.random() < 0.5:
                a, b = rng.randint(2, 12), rng.randint(3, 12)
                return _ask(f"{a} * {b}", a * b)
            a, b = rng.randint(20, 299), rng.randint(20, 299)
            return _ask(f"{a} + {b}", a + b)
        a, b, c = rng.randint(2, 20), rng.randint(2, 9), rng.randint(2, 10)
        if rng.random() < 0.5:
            return _ask(f"{a} + {b} * {c}", a + b * c)
        return _ask(f"({a} + {b}) * {c}", (a + b) * c)


def _ask(expression: str, value: int) -> Item:
    return Item(f"What is {expression}?", str(value))
