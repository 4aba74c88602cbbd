"""Short stories with one to three steps of arithmetic."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_NAMES = ("Mia", "Tom", "Lena", "Omar", "Ravi", "Sara", "Ivan", "Yuki", "Nora", "Paul")
_THINGS = ("pens", "apples", "stamps", "marbles", "books", "shells", "cards", "coins")
_BOXES = ("boxes", "bags", "trays", "packs")


class WordProblems(Family):
    """1: one step; 2: two steps; 3: three steps."""

    name = "word_problems"
    hint = "the number"
    grader = "number"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        who, thing, box = rng.choice(_NAMES), rng.choice(_THINGS), rng.choice(_BOXES)
        n, k = rng.randint(2, 5), rng.choice((2, 3, 4, 5, 6, 10))
        start = f"{who} has {n} {box} with {k} {thing} in each."
        ask = f"How many {thing} does {who} have"
        if difficulty == 1:
            return Item(f"{start} {ask}?", str(n * k))
        gone = rng.randint(1, n * k - 1)
        if difficulty == 2:
            return Item(
                f"{start} {who} gives {gone} {thing} to a friend. {ask} now?", str(n * k - gone)
            )
        more = rng.randint(2, 10)
        left = n * k - gone + more
        return Item(
            f"{start} {who} loses {gone} {thing} and then buys {more} more. {ask} now?", str(left)
        )
