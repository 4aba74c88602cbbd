"""Which word does not belong with the others?"""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_GROUPS = {
    "animal": ("dog", "horse", "lion", "rabbit", "eagle", "shark", "goat", "tiger"),
    "fruit": ("apple", "banana", "cherry", "mango", "peach", "grape", "plum", "pear"),
    "colour": ("red", "blue", "green", "yellow", "purple", "pink", "brown", "grey"),
    "tool": ("hammer", "saw", "drill", "wrench", "pliers", "chisel", "spade", "axe"),
    "vehicle": ("car", "bus", "train", "tram", "lorry", "bicycle", "ferry", "plane"),
    "instrument": ("violin", "piano", "flute", "drum", "guitar", "trumpet", "cello", "harp"),
}


class OddOneOut(Family):
    """1: is it an X?; 2: which one of three is an X; 3: the odd one of four, group not named."""

    name = "odd_one_out"
    hint = "the word"
    grader = "text"

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        group, other = rng.sample(sorted(_GROUPS), 2)
        article = "an" if group[0] in "aeiou" else "a"
        if difficulty == 1:
            word = rng.choice(_GROUPS[group if rng.random() < 0.5 else other])
            answer = "yes" if word in _GROUPS[group] else "no"
            return Item(f"Is '{word}' {article} {group}?", answer, "yes or no", "choice:yes|no")
        if difficulty == 2:
            odd, (x, y) = rng.choice(_GROUPS[group]), rng.sample(_GROUPS[other], 2)
            words, ask = [odd, x, y], f"Which of these words names {article} {group}"
        else:
            odd = rng.choice(_GROUPS[group])
            words, ask = (
                [odd, *rng.sample(_GROUPS[other], 3)],
                "Which word does not belong with the others",
            )
        rng.shuffle(words)
        return Item(f"{ask}: {', '.join(words)}?", odd, None, "choice:" + "|".join(words))
