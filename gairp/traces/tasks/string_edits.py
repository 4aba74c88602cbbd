"""Small edits of a word."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_WORDS = (
    "planet", "garden", "silver", "market", "window", "candle", "bridge", "rocket", "pencil",
    "winter", "summer", "doctor", "orange", "travel", "button", "camera", "dragon", "flower",
    "hammer", "jungle", "kitten", "ladder", "monkey", "needle", "oyster", "pirate", "rabbit",
    "saddle", "temple", "violet",
)  # fmt: skip


class StringEdits(Family):
    """1: change of case; 2: joining, or dropping an end; 3: replacing letters or reversing."""

    name = "string_edits"
    hint = "the result"
    grader = "exact"
    max_tokens = 18

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        word, other = rng.sample(_WORDS, 2)
        if difficulty == 1:
            if rng.random() < 0.5:
                return Item(f"Write the word '{word}' in capital letters.", word.upper())
            return Item(f"Write the word '{word.upper()}' in lower case letters.", word)
        if difficulty == 2:
            kind = rng.randrange(3)
            if kind == 0:
                return Item(
                    f"Join the words '{word}' and '{other}' with a hyphen.", f"{word}-{other}"
                )
            if kind == 1:
                return Item(f"Remove the first letter of the word '{word}'.", word[1:])
            return Item(f"Remove the last letter of the word '{word}'.", word[:-1])
        if rng.random() < 0.7:
            old, new = rng.choice(word), rng.choice("xzqk")
            return Item(
                f"Replace every '{old}' by '{new}' in the word '{word}'.", word.replace(old, new)
            )
        return Item(f"Write the word '{word}' backwards.", word[::-1])
