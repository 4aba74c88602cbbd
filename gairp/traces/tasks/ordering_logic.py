"""Who is taller, older, faster: chains of comparisons."""

from __future__ import annotations

import random
from itertools import pairwise

from gairp.traces.tasks.family import Family, Item

_NAMES = ("Anna", "Ben", "Carl", "Dora", "Emil", "Fay", "Gus", "Hana", "Ian", "Jill")
_RELATIONS = (
    ("taller than", "tallest", "shortest"),
    ("older than", "oldest", "youngest"),
    ("faster than", "fastest", "slowest"),
    ("richer than", "richest", "poorest"),
)


class OrderingLogic(Family):
    """1: two statements in order; 2: three, shuffled; 3: four, shuffled, asking for the second."""

    name = "ordering_logic"
    hint = "the name"
    grader = "text"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        people = rng.sample(_NAMES, difficulty + 2)
        relation, top, bottom = rng.choice(_RELATIONS)
        facts = [f"{a} is {relation} {b}." for a, b in pairwise(people)]
        if difficulty > 1:
            rng.shuffle(facts)
        asked, answer = rng.choice(((top, people[0]), (bottom, people[-1])))
        if difficulty == 3:
            asked, answer = f"second {top}", people[1]
        return Item(
            f"{' '.join(facts)} Who is the {asked}?", answer, None, "choice:" + "|".join(people)
        )
