"""The RouterArena score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gairp.metrics.routerarena import routerarena_score


def test_ends_and_middle_of_the_cost_scale() -> None:
    middle = np.sqrt(200.0 * 0.0044)  # C = 1/2
    found = routerarena_score([0.8, 0.8, 0.8, 0.0], [0.0044, 200.0, middle, 200.0])
    assert found == pytest.approx([1.1 * 0.8 / 1.08, 0.0, 1.1 * 0.4 / 0.58, 0.0])


def test_cost_is_clipped_to_the_scale() -> None:
    assert routerarena_score(0.8, [0.001, 500.0]) == pytest.approx([1.1 * 0.8 / 1.08, 0.0])


def test_an_unpriced_arm_is_not_a_free_one() -> None:
    with pytest.raises(ValueError, match="price every arm"):
        routerarena_score(0.8, [0.5, 0.0])


@pytest.mark.parametrize(
    ("model", "score"), [("claude-3-haiku", 0.5332), ("gemini-2.0-flash", 0.6973)]
)
def test_scores_on_the_published_responses(data_mirror: Path, model: str, score: float) -> None:
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_parquet(data_mirror / "routerarena_sub10" / "outcomes.parquet")
    mine = rows[rows["model"].str.contains(model)]
    assert len(mine) == 809
    found = routerarena_score(mine["score"].mean(), 1000 * mine["cost_usd"].mean())
    assert float(found) == pytest.approx(score, abs=5e-5)
