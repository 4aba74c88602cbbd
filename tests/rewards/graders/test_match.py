"""Texts are compared after as much normalisation as was chosen."""

from __future__ import annotations

from typing import Any

import pytest

from gairp.errors import ConfigError
from gairp.rewards.graders import Match
from tests.rewards.graders.asking import graded


@pytest.mark.parametrize(
    ("settings", "response", "answer", "score"),
    [
        ({}, "The  Tower of London!", "tower of london", 1.0),
        ({}, "Answer: **Oslo**\nIt lies in Norway.", "oslo", 1.0),
        ({}, "It is Oslo", "Oslo", 0.0),
        ({"ignore_case": False}, "oslo", "Oslo", 0.0),
        ({"ignore_punctuation": False}, "oslo!", "Oslo", 0.0),
        ({"ignore_articles": False}, "the Hague", "Hague", 0.0),
        ({"place": "anywhere"}, "It is Oslo, in Norway", "Oslo", 1.0),
        ({"place": "anywhere"}, "Osloite", "Oslo", 0.0),
        ({"place": "end"}, "I would say Oslo.", "Oslo", 1.0),
        ({"place": "end"}, "Oslo, I would say", "Oslo", 0.0),
        ({"place": "begin"}, "Oslo, I would say", "Oslo", 1.0),
        ({"part": "last_line"}, "Let me think.\n\nOslo\n", "Oslo", 1.0),
        ({"part": "all"}, "Let me think.\nOslo", "Oslo", 0.0),
        ({"part": "all", "place": "end"}, "Let me think.\nOslo", "Oslo", 1.0),
        ({"separator": "|"}, "NYC", "New York|NYC", 1.0),
        ({"separator": "|"}, "NY", "New York|NYC", 0.0),
        ({}, "ﬁve", "five", 1.0),
        ({"place": "anywhere"}, "a (b", "(b", 1.0),
        ({"place": "anywhere"}, "anything", "!!", 0.0),
    ],
)
def test_score(settings: dict[str, Any], response: str, answer: str, score: float) -> None:
    assert graded(Match(**settings), response, answer).quality == score


def test_an_empty_response_has_no_answer() -> None:
    assert graded(Match(), " \n", "Oslo").status == "no_answer"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"part": "middle"}, "grader.part: 'middle' is unknown; there are: all, first_line"),
        ({"place": "top"}, "grader.place: 'top' is unknown; there are: equal, begin"),
        ({"separator": ""}, "grader.separator is empty"),
    ],
)
def test_a_wrong_setting_names_what_exists(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Match(**settings)
