"""Numbers are read as people write them, and compared within a tolerance."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gairp.errors import ConfigError, DataError
from gairp.rewards.graders import Numeric
from tests.rewards.graders.asking import graded


@pytest.mark.parametrize(
    ("response", "found"),
    [
        ("12 + 30 = 42.", "42"),
        ("It costs $1,234.50 in all", "1234.5"),
        ("−7 degrees", "-7"),
        ("-.5", "-0.5"),
        ("about 6.02e23", "6.02e+23"),
        ("3-2", "2"),
        ("60%", "60"),
        ("items 12,30", "30"),
        ("version 10.5.2", "10.5"),
        ("route A1", ""),
        ("no number", ""),
        ("1e999", ""),
        ("9" * 400, ""),
    ],
)
def test_the_last_number_is_read(response: str, found: str) -> None:
    assert Numeric().extract(response) == found


def test_the_first_number_on_request() -> None:
    assert Numeric(which="first").extract("12 + 30 = 42") == "12"


@pytest.mark.parametrize(
    ("settings", "response", "answer", "score"),
    [
        ({}, "0.30000000000000004", "0.3", 1.0),
        ({}, "0.3001", "0.3", 0.0),
        ({"absolute": 0.5}, "42.5", "42", 1.0),
        ({"absolute": 0.5}, "42.51", "42", 0.0),
        ({"relative": 0.01}, "101", "100", 1.0),
        ({"relative": 0.01}, "99", "100", 1.0),
        ({"relative": 0.01}, "101.02", "100", 0.0),
        ({"relative": 0.5}, "200", "100", 0.0),  # half of the answer, not of the guess
        ({"relative": 0.5}, "0.1", "0", 0.0),
        ({"relative": 0.5, "absolute": 0.1}, "0.1", "0", 1.0),
        ({}, "none", "3", 0.0),
    ],
)
def test_score(settings: dict[str, Any], response: str, answer: str, score: float) -> None:
    assert graded(Numeric(**settings), response, answer).quality == score


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_every_number_is_read_back(value: float) -> None:
    assert graded(Numeric(), f"It is {value!r}.", repr(value)).quality == 1.0


def test_reading_takes_linear_time() -> None:
    for piece in ("1", "1,", "1,111", "-", "1e", ".1", "$"):
        start = time.process_time()
        Numeric().extract(piece * 50_000)
        assert time.process_time() - start < 2.0


def test_an_answer_without_number_is_the_datasets_fault() -> None:
    with pytest.raises(DataError, match="the answer 'many' holds no number"):
        graded(Numeric(), "3", "many")


@pytest.mark.parametrize("settings", [{"absolute": -1.0}, {"relative": math.nan}])
def test_a_wrong_tolerance_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="give a number >= 0"):
        Numeric(**settings)  # type: ignore[arg-type]
