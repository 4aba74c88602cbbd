"""What a line of Python prints."""

from __future__ import annotations

import random

from gairp.traces.tasks.family import Family, Item

_WORDS = ("cat", "table", "python", "river", "green", "stone", "music", "cloud", "hello", "train")


class PythonOutput(Family):
    """1: arithmetic and len; 2: indexing and methods; 3: comprehensions and loops."""

    name = "python_output"
    hint = "the printed output"
    grader = "exact"
    max_tokens = 18

    def _item(self, rng: random.Random, difficulty: int) -> Item:
        word, other = rng.sample(_WORDS, 2)
        a, b = rng.randint(2, 30), rng.randint(2, 9)
        numbers = [rng.randint(1, 20) for _ in range(4)]
        code, value = rng.choice(_lines(difficulty, word, other, a, b, numbers))
        return Item(f"What does this Python line print?\nprint({code})", str(value))


def _lines(
    difficulty: int, word: str, other: str, a: int, b: int, numbers: list[int]
) -> list[tuple[str, object]]:
    """The candidate expressions with their values."""
    if difficulty == 1:
        return [
            (f"{a} % {b}", a % b),
            (f"len('{word}')", len(word)),
            (f"'{word}' + '{other}'", word + other),
            (f"{a} // {b}", a // b),
            (f"{a} > {b * 2}", a > b * 2),
        ]
    if difficulty == 2:
        return [
            (f"'{word}'[{b % 3}]", word[b % 3]),
            (f"'{word}'.upper()", word.upper()),
            (f"max({numbers})", max(numbers)),
            (f"{numbers}[-1]", numbers[-1]),
            (f"'{word}'[:2] + '{other}'[-1]", word[:2] + other[-1]),
            (f"len({numbers}) * {b}", 4 * b),
        ]
    return [
        (f"[x * {b} for x in {numbers[:3]}]", [x * b for x in numbers[:3]]),
        (f"sum(x for x in {numbers} if x > {a})", sum(x for x in numbers if x > a)),
        (f"sorted({numbers})[1]", sorted(numbers)[1]),
        (f"sum(range({b + 2}))", sum(range(b + 2))),
        (f"'{word}'[::-1]", word[::-1]),
    ]
