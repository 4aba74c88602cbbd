"""The one option of the benchmarks."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a hurried reader log less than the whole study."""
    parser.addoption(
        "--study-seeds",
        type=int,
        default=20,
        help="seeds of the study whose logging is timed; fewer than 20 are scaled to 20",
    )


@pytest.fixture
def study_seeds(request: pytest.FixtureRequest) -> int:
    """How many seeds of the study are really run."""
    seeds: int = request.config.getoption("--study-seeds")
    return seeds
