"""What comes next in a row of numbers or letters?"""

from __future__ import annotations

import random
from string import ascii_uppercase

from gairp.traces.tasks.family import Family, Item


class Sequences(Family):
    """1: a constant step; 2: doubling, falling or letters; 3: growing steps, sums, two steps."""

    name = "sequences"
    hint = "the next letter"
    grader = "exact"
    max_tokens = 16

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        start, step = rng.randint(1, 12), rng.randint(2, 10)
        if difficulty == 1:
            terms = [start + step * i for i in range(5)]
        elif difficulty == 2:
            if rng.random() < 0.3:
                gap, at = rng.randint(1, 3), rng.randint(0, 8)
                letters = [ascii_uppercase[at + gap * i] for i in range(5)]
                return Item(f"What comes next: {', '.join(letters[:4])}?", letters[4])
            if rng.random() < 0.5:
                terms = [start * 2**i for i in range(5)]
            else:
                terms = [start + 40 - step * i for i in range(5)]
        elif rng.random() < 0.5:
            terms = [start + step * i * (i + 1) // 2 for i in range(5)]
        else:
            terms = [start, step]
            while len(terms) < 6:
                terms.append(terms[-1] + terms[-2])
        *shown, answer = terms
        return Item(
            f"What comes next: {', '.join(map(str, shown))}?",
            str(answer),
            "the next number",
            "number",
        )
