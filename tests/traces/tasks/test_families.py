"""Every family, found by discovery: repeatable, unique, gradable."""

from __future__ import annotations

import pytest

from gairp.errors import DataError, UnknownNameError
from gairp.rewards.graders import get_grader
from gairp.traces.tasks import families, generate_all

FAMILIES = families()


def test_a_dozen_families_and_more() -> None:
    assert len(FAMILIES) == 17


@pytest.mark.parametrize("name", FAMILIES)
def test_generation_is_repeatable_and_prefix_stable(name: str) -> None:
    family = FAMILIES[name]
    long = family.generate(7, 66)
    assert family.generate(7, 66) == long
    assert family.generate(7, 12) == long[:12]
    assert family.generate(8, 66) != long


@pytest.mark.parametrize("name", FAMILIES)
def test_prompts_are_unique_and_shots_are_never_asked(name: str) -> None:
    tasks = FAMILIES[name].generate(7, 66)
    prompts = {task.prompt for task in tasks}
    assert len(prompts) == 66
    assert len(tasks[0].shots) == 4
    assert prompts.isdisjoint(shot.prompt for shot in tasks[0].shots)


@pytest.mark.parametrize("name", FAMILIES)
def test_difficulties_alternate(name: str) -> None:
    tasks = FAMILIES[name].generate(7, 66)
    assert [task.difficulty for task in tasks] == [1, 2, 3] * 22


@pytest.mark.parametrize("name", FAMILIES)
def test_the_right_answer_scores_one_and_another_zero(name: str) -> None:
    for task in FAMILIES[name].generate(7, 66):
        grader = get_grader(task.grader)
        assert grader.score(task.answer, task.answer) == 1.0
        assert grader.score("I do not know", task.answer) == 0.0


@pytest.mark.parametrize("name", FAMILIES)
def test_echoing_an_open_question_does_not_score(name: str) -> None:
    for task in FAMILIES[name].generate(7, 66):
        if task.grader == "mention":
            assert get_grader(task.grader).score(task.question, task.answer) == 0.0


def test_known_answers() -> None:
    by_prompt = {task.question: task for task in generate_all(seed=7, per_family=66)}
    assert by_prompt["What is 37 + 2?"].answer == "39"
    assert by_prompt["How many hours are 3 days and 3 hours?"].answer == "75"
    assert by_prompt["What is the capital of Greece?"].answer == "Athens"


def test_exhausted_family_says_so() -> None:
    with pytest.raises(DataError, match="'word_forms', difficulty 2: no new question") as caught:
        FAMILIES["word_forms"].generate(7, 200)
    assert "ask for fewer" in str(caught.value)


def test_unknown_family_names_what_exists() -> None:
    with pytest.raises(UnknownNameError, match="task family 'chess'; there are: arithmetic"):
        generate_all(seed=1, per_family=1, names=["chess"])
