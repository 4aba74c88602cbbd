"""What each grader reads out of a response."""

from __future__ import annotations

import pytest

from gairp.errors import UnknownNameError
from gairp.rewards.graders import get_grader

DAYS = "choice:Monday|Tuesday"


@pytest.mark.parametrize(
    ("spec", "response", "extracted"),
    [
        ("number", "42", "42"),
        ("number", "12 + 30 = 42.", "42"),
        ("number", "The answer is **1,250**", "1250"),
        ("number", "Answer: -3.50 metres", "-3.5"),
        ("number", "none\n42", ""),
        ("text", "The value is 'Oslo'.", "oslo"),
        ("text", "an Apple", "apple"),
        ("exact", "`FLOWER`", "FLOWER"),
        ("exact", "The Python line will output `15", "15"),
        ("exact", "Answer: [2, 4]", "[2, 4]"),
        ("list", "Sorted: 1; 2, 3", "1,2,3"),
        ("json", '```json\n{"b": 1, "a": "x"}\n```', '{"a": "x", "b": 1}'),
        ("json", '{"a": ', ""),
        ("choice:A|B", "B) 12 is a large number", "B"),
        ("choice:A|B", "A or B", ""),
        (DAYS, "it comes on monday.", "Monday"),
        (DAYS, "Friday", ""),
        ("number", "", ""),
    ],
)
def test_extract(spec: str, response: str, extracted: str) -> None:
    assert get_grader(spec).extract(response) == extracted


@pytest.mark.parametrize(
    ("spec", "response", "answer", "score"),
    [
        ("number", "15 pens", "15", 1.0),
        ("number", "16", "15", 0.0),
        ("exact", "flower", "FLOWER", 0.0),
        ("text", "Flower", "flower", 1.0),
        ("json", '{"age": "30"}', '{"age": 30}', 0.0),
        ("json", '{ "age":30 }', '{"age": 30}', 1.0),
        ("list", "2, 1", "1, 2", 0.0),
        ("mention", "Moscow is the capital of Russia.", "Russia", 1.0),
        ("mention", "Prussia", "Russia", 0.0),
        ("mention", "one two three four five six seven eight nine " * 2 + "Russia", "Russia", 0.0),
        ("number", "", "15", 0.0),
    ],
)
def test_score(spec: str, response: str, answer: str, score: float) -> None:
    assert get_grader(spec).score(response, answer) == score


@pytest.mark.parametrize("spec", ["vibes", "choice", "choice:"])
def test_unknown_grader_names_what_exists(spec: str) -> None:
    with pytest.raises(UnknownNameError, match="there are: choice:LABEL"):
        get_grader(spec)
