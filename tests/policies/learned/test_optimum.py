"""Where the best router is known, those that can express it come close to it."""

from __future__ import annotations

import pytest

from docs.optimum_figure import TEST, short_of_optimum
from tests.policies.learned.world import ROUTERS


@pytest.mark.parametrize("name", sorted(ROUTERS))
def test_quality_comes_within_a_fiftieth_of_the_optimum(name: str) -> None:
    """At 20,000 prompts, on a world where no fixed arm does."""
    best_fixed = float(TEST.chance.mean(axis=0).max())
    assert best_fixed < TEST.optimum - 0.05
    assert 0.0 <= short_of_optimum(name, 20_000) <= 0.02
