"""Expressions find answers, and none of them can hang a run."""

from __future__ import annotations

import time

import pytest

from gairp.errors import ConfigError
from gairp.rewards.graders import Regex, get_grader
from gairp.rewards.graders.pattern import Pattern
from tests.rewards.graders.asking import graded

BOXED = r"(?s).*\\boxed\{(?P<answer>[^{}]*)\}"


def test_the_group_is_the_answer() -> None:
    grade = graded(Regex(pattern=BOXED), r"First \boxed{7}, no: \boxed{ Oslo }.", "oslo")
    assert (grade.quality, grade.extracted) == (1.0, "oslo")


def test_no_match_is_no_answer() -> None:
    assert graded(Regex(pattern=BOXED), "Oslo", "Oslo").status == "no_answer"


@pytest.mark.parametrize(
    ("expression", "response", "score"),
    [(r"^\d{4}-\d{2}$", "2026-11", 1.0), (r"(?i)oslo|bergen", "In BERGEN.", 1.0), ("x+", "y", 0.0)],
)
def test_the_answer_is_an_expression(expression: str, response: str, score: float) -> None:
    assert graded(get_grader("regex"), response, expression).quality == score


@pytest.mark.parametrize("expression", [r"(a+)+$", r"(a|aa)+$", r"(.*a){20}$", r"(?:a?){30}a{30}$"])
def test_what_hangs_other_engines_takes_linear_time(expression: str) -> None:
    start = time.process_time()
    assert graded(Regex(), "a" * 20_000 + "!", expression).quality == 0.0
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize("expression", [r"(?=a)b", r"(a)\1", "(", r"(?P<answer>a)(b)"])
def test_what_cannot_be_linear_is_refused_at_once(expression: str) -> None:
    with pytest.raises(ConfigError, match=r"grader\.pattern"):
        Regex(pattern=expression + "(?P<answer>x)")


def test_a_pattern_without_the_group_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"has no group \(\?P<answer>…\)"):
        Regex(pattern=r"(?P<number>\d+)")


def test_a_question_with_a_bad_expression_is_refused() -> None:
    with pytest.raises(ConfigError, match="a question's answer: '\\('"):
        graded(Regex(), "a", "(")


def test_any_text_can_be_searched() -> None:
    assert Pattern("b", where="here").found_in("a\ud800b")
    assert Pattern("(?P<x>é+)", where="here").group("caféé", "x") == "éé"
