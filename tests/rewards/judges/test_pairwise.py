"""Two responses are shown in both orders, and only what both say counts."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.rewards.judges import Comparison, PairwiseJudge, Rubric
from gairp.types import Request
from tests.rewards.graders.asking import asked, graded
from tests.rewards.judges.bench import ARM, BETTER, YES_NO, Bench, Reply, user_text


def compared(reply: Reply, **settings: Any) -> Comparison:
    judge = PairwiseJudge(backend=Bench(reply), arm=ARM, rubric=BETTER, **settings)
    return asyncio.run(judge.compare(asked(), "good", "bad"))


def prefers(word: str) -> Reply:
    """A judge that finds `word` wherever it stands."""

    def reply(request: Request) -> str:
        text = user_text(request)
        other = "bad" if word == "good" else "good"
        return "A" if text.index(f"\n{word}\n") < text.index(f"\n{other}\n") else "B"

    return reply


@pytest.mark.parametrize(("word", "preference"), [("good", 1.0), ("bad", 0.0)])
def test_a_judge_of_quality_is_believed(word: str, preference: float) -> None:
    found = compared(prefers(word))
    assert (found.preference, found.forward, found.backward) == (preference,) * 3
    assert found.consistent
    assert found.status == "graded"
    assert [call.vote for call in found.calls] == [preference] * 2
    assert found.grade().cost_usd == 0.5


@pytest.mark.parametrize(("position", "forward"), [("A", 1.0), ("B", 0.0)])
def test_a_judge_of_positions_makes_a_tie(position: str, forward: float) -> None:
    found = compared(lambda request: position)
    assert (found.preference, found.forward, found.backward) == (0.5, forward, 1.0 - forward)
    assert not found.consistent


def test_a_tie_in_both_orders_is_one() -> None:
    found = compared(lambda request: "tie")
    assert (found.preference, found.consistent) == (0.5, True)


@pytest.mark.parametrize(("reply", "status"), [("Both.", "unparsed"), (None, "failed")])
def test_an_order_that_cannot_be_read_leaves_it_unknown(reply: str | None, status: str) -> None:
    found = compared(lambda request: "A" if "/forward/" in request.id else reply)
    assert math.isnan(found.preference)
    assert (found.status, found.forward) == (status, 1.0)
    assert found.grade().parse_failures == (1 if reply else 0)


def test_samples_of_an_order_that_are_even_make_a_tie() -> None:
    replies = {"forward/judge/0": "A", "forward/judge/1": "B"}
    found = compared(
        lambda request: replies.get(request.id.removeprefix("q-1/"), "B"),
        samples=2, temperature=0.7,
    )  # fmt: skip
    assert (found.forward, found.backward, found.preference) == (0.5, 1.0, 0.5)


def test_as_a_grader_it_compares_with_the_answer() -> None:
    judge = PairwiseJudge(backend=Bench(prefers("good")), arm=ARM, rubric=BETTER)
    assert graded(judge, "good", "bad").quality == 1.0
    assert graded(judge, "bad", "good").quality == 0.0
    assert graded(judge, " ", "good").status == "no_answer"


def test_a_rubric_of_single_answers_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"rubric\.ask: \{first\} is missing"):
        PairwiseJudge(backend=Bench(lambda request: "A"), arm=ARM, rubric=YES_NO)


def test_labels_must_say_who_wins() -> None:
    odd = Rubric(ask="{question}{first}{second}", labels={"A": 1.0, "B": 0.3})
    with pytest.raises(ConfigError, match=r"are worth \[0\.3, 1\.0\]; give 1 for the first"):
        PairwiseJudge(backend=Bench(lambda request: "A"), arm=ARM, rubric=odd)


def test_samples_are_combined_by_majority_alone() -> None:
    with pytest.raises(ConfigError, match="of a comparison is majority"):
        compared(lambda request: "A", combine="mean")
