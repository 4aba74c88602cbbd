from __future__ import annotations

import random
import string

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.traces.duplicates import duplicate_groups
from gairp.traces.minhash import candidate_pairs
from gairp.traces.shingles import shingle_sets
from gairp.traces.tokens import tokens


def grouped(*texts: str) -> list[int]:
    return [int(group) for group in duplicate_groups(texts)]


def words(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(count)]


def test_case_spacing_and_punctuation_never_matter() -> None:
    base = "Which of the rivers Rhine, Elbe and Weser is the longest?"
    variants = [
        base.upper(),
        base.replace(" ", "  \n"),
        base.replace("?", "").replace(",", ""),
        f"  “{base}” ",
        base.replace("Weser", "**Weser**"),
        "Ｗhich of the rivers Rhine, Elbe and Weser is the longest?",  # full-width W
    ]
    assert grouped(base, *variants) == [0] * 7


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 12+35?", "What is 12+36?"),
        ("What is 12+35?", "What is 12-35?"),
        ("What is 12 * 35?", "What is 12 / 35?"),
        ("Simplify x*y", "Simplify x/y"),
        ("Is 3.5 large?", "Is 35 large?"),
        ("Is -3 large?", "Is 3 large?"),
        ("Is 3 > 4?", "Is 3 < 4?"),
        ("Spend $5", "Spend €5"),
        ("Capital of France?", "Capital of Spain?"),
        ("🙂", "🙁"),
        ("日本の首都は?", "中国の首都は?"),
        ("?", "!"),
    ],
)
def test_different_questions_stay_apart(one: str, other: str) -> None:
    assert grouped(one, other) == [0, 1]


def test_templates_do_not_collapse() -> None:
    rule = (
        "Solve the following problem step by step, write each step on a line of its own, check the "
        "result by inserting it, and end with the answer alone on the last line. Problem: "
    )
    sums = [f"{rule}What is {a}+{b}?" for a in range(10, 25) for b in range(30, 42)]
    assert len(set(grouped(*sums))) == len(sums)
    puzzles = [rule + " ".join(words(12, seed)) for seed in range(200)]
    assert len(set(grouped(*puzzles))) == len(puzzles)


def test_a_question_behind_a_common_instruction_is_the_same_question() -> None:
    rule = " After careful thought, put your final answer in a box."
    questions = [" ".join(words(25, seed)) for seed in range(100)]
    groups = grouped(*questions, *(q + rule for q in questions))
    assert groups == [*range(100), *range(100)]


def test_one_word_changed_in_many_is_near() -> None:
    base = words(60, 1)
    changed = [*base[:30], "other", *base[31:]]
    half = [*base[:30], *words(30, 2)]
    assert grouped(" ".join(base), " ".join(changed), " ".join(half)) == [0, 0, 1]
    assert duplicate_groups([" ".join(base), " ".join(changed)], threshold=0.99).tolist() == [0, 1]


def test_groups_are_transitive() -> None:
    base = words(60, 3)
    chain = [" ".join([*words(i, 9), *base[i:]]) for i in range(0, 15, 3)]
    assert len(set(grouped(chain[0], chain[-1]))) == 2
    assert grouped(*chain) == [0] * 5


def test_an_empty_text_is_like_no_other() -> None:
    assert grouped("", "a", "", "a") == [0, 1, 2, 1]
    assert grouped() == []


def test_groups_do_not_depend_on_the_order() -> None:
    texts = [" ".join(words(40, seed)) for seed in range(50)]
    texts += [text.replace(text.split()[20], "x", 1) for text in texts[:20]]
    order = random.Random(0).sample(range(len(texts)), len(texts))
    straight = duplicate_groups(texts)
    shuffled = duplicate_groups([texts[i] for i in order])
    assert len(set(straight.tolist())) == 50
    for i, j in np.ndindex(len(texts), len(texts)):
        assert (straight[order[i]] == straight[order[j]]) == (shuffled[i] == shuffled[j])


def test_jaccard_is_exact() -> None:
    sets = shingle_sets([tokens("a b c d e"), tokens("a b c d f"), tokens("x y"), []])
    left, right = np.array([0, 0, 0, 2, 3]), np.array([0, 1, 2, 2, 3])
    # {abc, bcd, cde} and {abc, bcd, cdf}: 2 of 4
    assert sets.overlaps(left, right).tolist() == [1.0, 0.5, 0.0, 1.0, 0.0]
    assert sets.sizes.tolist() == [3, 3, 1, 0]


def test_no_pair_above_the_threshold_is_missed() -> None:
    texts = []
    for seed in range(150):
        base = words(50, seed)
        at = random.Random(seed).randrange(50)
        texts += [base, [*base[:at], "new", "words", *base[at + 2 :]]]
    sets = shingle_sets(texts)
    left, right = candidate_pairs(sets, np.zeros(len(texts), dtype=np.uint64))
    found = set(zip(left.tolist(), right.tolist(), strict=True))
    pairs = np.arange(0, len(texts), 2)
    alike = sets.overlaps(pairs, pairs + 1) >= 0.8
    assert alike.sum() > 100
    assert {(int(i), int(i) + 1) for i in pairs[alike]} <= found


def test_a_bad_threshold() -> None:
    with pytest.raises(ConfigError, match=r"similarity in \(0, 1\]"):
        duplicate_groups(["a"], threshold=0.0)


def test_twelve_thousand_unrelated_prompts_stay_apart() -> None:
    vocabulary = words(5_000, 0)
    rng = random.Random(1)
    texts = [" ".join(rng.choices(vocabulary, k=110)) for _ in range(12_000)]
    assert len(set(grouped(*texts))) == 12_000


def test_tokens() -> None:
    assert tokens("The well-known X_1: 3,000.50 - 2 (or -7)!") == [
        "the",
        "well",
        "known",
        "x",
        "1",
        "3,000.50",
        "-",
        "2",
        "or",
        "-",
        "7",
    ]
    assert tokens("a*b, c / d, **bold** and/or 50%") == [
        *("a", "*", "b", "c", "/", "d", "bold", "and", "/", "or", "50", "%")
    ]
    assert tokens("हिन्दी में") == ["हिन्दी", "में"]
    assert tokens("…!") == ["...!"]
    assert tokens(" \n") == []
