"""Counting letters, words and things in a list."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_FRUIT = ("apple", "pear", "plum", "cherry", "mango", "peach", "lemon", "grape")
_OTHER = ("hammer", "train", "shoe", "lamp", "stone", "guitar", "pillow", "bottle")
_LONG = (
    "banana", "mississippi", "committee", "bookkeeper", "parallel", "referee", "cinnamon",
    "assessment", "tomorrow", "possession", "address", "occurrence", "balloon", "coffee",
    "pepper", "cocoa", "pineapple", "engineering", "abracadabra", "successful",
)  # fmt: skip


class Counting(Family):
    """1: items of a short list; 2: items of one kind; 3: letters of a word."""

    name = "counting"
    hint = "the number"
    grader = "number"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        if difficulty == 1:
            words = rng.sample(_FRUIT + _OTHER, rng.randint(2, 6))
            return Item(f"How many items are in this list: {', '.join(words)}?", str(len(words)))
        if difficulty == 2:
            fruit = rng.sample(_FRUIT, rng.randint(1, 5))
            words = fruit + rng.sample(_OTHER, rng.randint(1, 4))
            rng.shuffle(words)
            return Item(f"How many of these are fruits: {', '.join(words)}?", str(len(fruit)))
        word = rng.choice(_LONG)
        letter = rng.choice(sorted(set(word)))
        return Item(
            f"How many times does the letter '{letter}' occur in the word '{word}'?",
            str(word.count(letter)),
        )
