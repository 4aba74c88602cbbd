"""Which of several quantities is the larger?"""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_UNITS = (("grams", "kilograms", 1000), ("minutes", "hours", 60), ("metres", "kilometres", 1000))


class Comparison(Family):
    """1: two whole numbers; 2: two decimals of unlike length; 3: two quantities in unlike units."""

    name = "comparison"
    hint = "the letter A or B"
    grader = "choice:A|B"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        word = rng.choice(("larger", "smaller"))
        if difficulty == 1:
            x, y = (float(v) for v in rng.sample(range(10, 999), 2))
            a, b = f"{x:.0f}", f"{y:.0f}"
        elif difficulty == 2:
            whole = rng.randint(0, 12)
            a, b = f"{whole}.{rng.randint(1, 9)}", f"{whole}.{rng.randint(11, 99)}"
            x, y = float(a), float(b)
        else:
            small, big, factor = rng.choice(_UNITS)
            n = rng.randint(2, 9)
            m = max(1, round(n * factor * rng.choice((0.2, 0.5, 0.8, 1.25, 2.0))))
            a, b, x, y = f"{m} {small}", f"{n} {big}", float(m), float(n * factor)
        if rng.random() < 0.5:
            a, b, x, y = b, a, y, x
        if x == y:
            return self._item(rng, difficulty)
        first = (x > y) == (word == "larger")
        return Item(f"Which is {word}: A) {a} or B) {b}?", "A" if first else "B")
