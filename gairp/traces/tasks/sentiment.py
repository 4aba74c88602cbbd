"""Is a short review positive or negative?"""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_THINGS = (
    "film",
    "hotel",
    "restaurant",
    "phone",
    "book",
    "concert",
    "jacket",
    "museum",
    "game",
    "cafe",
)
_GOOD = ("wonderful", "excellent", "delightful", "brilliant", "superb", "lovely")
_BAD = ("terrible", "awful", "boring", "dreadful", "disappointing", "horrible")
_GOOD_END = ("I would go again at once.", "I told all my friends to try it.", "It made my week.")
_BAD_END = ("I want my money back.", "I would not wish it on anyone.", "I left early.")


class Sentiment(Family):
    """1: plain praise or blame; 2: a negated word; 3: a turn half-way, or irony without a cue."""

    name = "sentiment"
    hint = "positive or negative"
    grader = "choice:positive|negative"
    max_tokens = 16

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        thing, good = rng.choice(_THINGS), rng.random() < 0.5
        yes, no = (_GOOD, _BAD) if good else (_BAD, _GOOD)
        end = rng.choice(_GOOD_END if good else _BAD_END)
        if difficulty == 1:
            text = f"The {thing} was {rng.choice(yes)}. {end}"
        elif difficulty == 2:
            text = (
                f"The {thing} was not {rng.choice(no)} at all. {end if rng.random() < 0.4 else ''}"
            )
        else:
            text = rng.choice(
                (
                    f"Everyone said the {thing} was {rng.choice(no)}, "
                    f"but I found it {rng.choice(yes)}.",
                    f"The {thing} began {rng.choice(no)}, yet in the end it was {rng.choice(yes)}.",
                    f"They call this {thing} {rng.choice(no)}? {end}",
                )
            )
        return Item(
            f"Is this review positive or negative? {text.strip()}",
            "positive" if good else "negative",
        )
