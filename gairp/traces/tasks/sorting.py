"""Putting short lists in order."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_WORDS = (
    "apple", "bread", "chair", "door", "engine", "forest", "garden", "house", "island", "jacket",
    "kitchen", "lemon", "mirror", "needle", "orange", "pencil", "queen", "river", "silver", "table",
    "uncle", "violin", "window", "yellow", "zebra",
)  # fmt: skip


class Sorting(Family):
    """1: three numbers; 2: four words or four numbers; 3: six numbers, largest first."""

    name = "sorting"
    hint = "the sorted list, separated by commas,"
    grader = "list"
    max_tokens = 28

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        if difficulty == 2 and rng.random() < 0.5:
            words = rng.sample(_WORDS, 4)
            return Item(
                f"Sort these words alphabetically: {', '.join(words)}.", ", ".join(sorted(words))
            )
        count, top = {1: (3, 50), 2: (4, 99), 3: (6, 99)}[difficulty]
        numbers = rng.sample(range(1, top + 1), count)
        order = "largest to smallest" if difficulty == 3 else "smallest to largest"
        answer = sorted(numbers, reverse=difficulty == 3)
        return Item(
            f"Sort these numbers from {order}: {', '.join(map(str, numbers))}.",
            ", ".join(map(str, answer)),
        )
