"""Sums, differences and products of growing size."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item


class Arithmetic(Family):
    """1: two small numbers; 2: three-digit numbers or a small product; 3: two operations."""

    name = "arithmetic"
    hint = "the number"
    grader = "number"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        if difficulty == 1:
            a, b = rng.randint(10, 60), rng.randint(3, 39)
            return _ask(f"{a} + {b}", a + b) if rng.random() < 0.6 else _ask(f"{a} - {b}", a - b)
        if difficulty == 2:
            if rng.random() < 0.5:
                a, b = rng.randint(11, 49), rng.randint(3, 12)
                return _ask(f"{a} * {b}", a * b)
            a, b = rng.randint(100, 899), rng.randint(100, 899)
            return _ask(f"{a} + {b}", a + b)
        a, b, c = rng.randint(4, 40), rng.randint(3, 15), rng.randint(3, 15)
        if rng.random() < 0.5:
            return _ask(f"{a} + {b} * {c}", a + b * c)
        return _ask(f"({a} + {b}) * {c}", (a + b) * c)


def _ask(expression: str, value: int) -> Item:
    return Item(f"What is {expression}?", str(value))
