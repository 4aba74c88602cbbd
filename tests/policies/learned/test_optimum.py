"""Where the best router is known, those that can express it come close to it."""

from __future__ import annotations

import pytest

from tests.policies.learned.world import ROUTERS, World
from tests.policies.trained import fitted

TRAIN, TEST = World.drawn(5_000, seed=11), World.drawn(4_000, seed=12)


@pytest.mark.parametrize("name", sorted(ROUTERS))
def test_quality_comes_within_a_fiftieth_of_the_optimum(name: str) -> None:
    """At a quarter of the 20,000 prompts that a well-specified router may need."""
    router = fitted(ROUTERS[name](), TRAIN.training_set())
    best_fixed = float(TEST.chance.mean(axis=0).max())
    assert best_fixed < TEST.optimum - 0.05
    assert TEST.quality(router.estimates(TEST.features)) >= TEST.optimum - 0.02
