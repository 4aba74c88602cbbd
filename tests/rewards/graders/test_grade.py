"""A grade says more than a number, and never says 0 where it does not know."""

from __future__ import annotations

import asyncio
import math

import pytest

from gairp.errors import DataError, UnknownNameError
from gairp.rewards.graders import ByQuestion, Grade, Grader, GraderCall, Question, get_grader
from gairp.rewards.graders.grade import Status
from gairp.types import Arm, Failure, Response
from tests.rewards.graders.asking import asked, graded, said

ARM = Arm(name="judge", model="j")


def test_a_right_answer() -> None:
    grade = graded(get_grader("number"), "12 + 30 = 42", "42")
    assert grade == Grade(quality=1.0, extracted="42", reason="found '42', as wanted")
    assert grade.known
    assert grade.cost_usd == 0.0


def test_a_wrong_answer_says_what_was_wanted() -> None:
    grade = graded(get_grader("number"), "41", "42.0")
    assert (grade.quality, grade.status) == (0.0, "graded")
    assert grade.reason == "found '41', wanted '42'"


def test_no_answer_is_wrong_and_says_so() -> None:
    grade = graded(get_grader("number"), "I cannot tell.", "42")
    assert (grade.quality, grade.status, grade.extracted) == (0.0, "no_answer", "")
    assert grade.reason == "no number in the response"


def test_a_failed_response_is_unknown_not_wrong() -> None:
    broken = Response(model="m", content="42", error=Failure(kind="timeout", message="too slow"))
    grade = asyncio.run(get_grader("number").grade(asked("42"), broken))
    assert grade.status == "failed"
    assert math.isnan(grade.quality)
    assert grade.reason == "the response had an error: timeout: too slow"
    assert not grade.known
    assert not grade.parse_failed


def test_a_question_without_answer_is_refused() -> None:
    with pytest.raises(DataError, match="question 'q-1' has no answer, and the grader 'number'"):
        graded(get_grader("number"), "42")


@pytest.mark.parametrize(
    ("quality", "status"),
    [(1.1, "graded"), (math.nan, "graded"), (0.5, "no_answer"), (0.0, "unparsed"), (0.0, "failed")],
)
def test_quality_and_status_go_together(quality: float, status: Status) -> None:
    with pytest.raises(ValueError, match=f"status '{status}' has quality"):
        Grade(quality=quality, status=status)


def test_calls_are_summed_and_their_failures_told_apart() -> None:
    answered = Response(model="j", content="?")
    lost = Response(model="j", error=Failure(kind="timeout", message="late"))
    calls = (
        GraderCall(arm=ARM, response=answered, cost_usd=0.25, vote=1.0),
        GraderCall(arm=ARM, response=answered, cost_usd=0.5),
        GraderCall(arm=ARM, response=lost, cost_usd=0.0),
    )
    grade = Grade(quality=1.0, calls=calls)
    assert grade.cost_usd == 0.75
    assert grade.parse_failures == 1
    unpriced = Grade(quality=1.0, calls=(*calls, GraderCall(arm=ARM, response=answered)))
    assert math.isnan(unpriced.cost_usd)


def test_each_question_has_its_own_grader() -> None:
    grader: Grader = ByQuestion()
    number = Question(id="a", prompt="?", answer="7", grader="number")
    choice = Question(id="b", prompt="?", answer="B", grader="choice:A|B")

    async def both() -> list[float]:
        answers = [(number, "= 7"), (choice, "A is wrong"), (choice, "B it is")]
        qualities = [(await grader.grade(q, said(text))).quality for q, text in answers]
        await grader.aclose()
        return qualities

    assert asyncio.run(both()) == [1.0, 0.0, 1.0]


def test_names_of_your_own_and_a_default() -> None:
    grader = ByQuestion(graders={"mine": get_grader("text")}, default=get_grader("exact"))
    own = asyncio.run(grader.grade(asked("Oslo", grader="mine"), said("oslo")))
    default = asyncio.run(grader.grade(asked("Oslo"), said("oslo")))
    assert (own.quality, default.quality) == (1.0, 0.0)


def test_a_question_that_names_no_grader_or_an_unknown_one_is_refused() -> None:
    with pytest.raises(DataError, match="question 'q-1' names no grader"):
        asyncio.run(ByQuestion().grade(asked("42"), said("42")))
    with pytest.raises(UnknownNameError, match="unknown grader 'vibes'"):
        asyncio.run(ByQuestion().grade(asked("42", grader="vibes"), said("42")))
