"""The Zero router: vertices from train, shares on test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gairp.metrics.hull import frontier_quality
from gairp.metrics.mix import ZeroRouter, mix_weights

TRAIN_COST = np.array([1.0, 2.0, 4.0, 3.0])
TRAIN_QUALITY = np.array([0.2, 0.6, 0.8, 0.5])


def test_only_arms_that_train_chose_are_mixed() -> None:
    router = ZeroRouter.fit(TRAIN_COST, TRAIN_QUALITY)
    assert router.vertices == (0, 1, 2)
    test_quality = [0.2, 0.6, 0.8, 0.99]  # arm 3 would win on test, but train left it out
    assert float(router.quality(TRAIN_COST, test_quality, 3.0)) == pytest.approx(0.7)
    assert float(router.cost(TRAIN_COST, test_quality, 0.7)) == pytest.approx(3.0)
    assert np.isnan(router.cost(TRAIN_COST, test_quality, 0.9))


def test_vertex_that_disappoints_on_test_is_passed_over() -> None:
    router = ZeroRouter((0, 1, 2))
    costs = [1.0, 2.0, 4.0]
    assert float(router.quality(costs, [0.2, 0.3, 0.8], 2.0)) == pytest.approx(0.4)  # 0 with 2
    assert float(router.quality(costs, [0.2, 0.6, 0.5], 4.0)) == pytest.approx(0.6)  # 1 alone


def test_vertices_that_exchange_their_costs_on_test_are_mixed_in_the_new_order() -> None:
    router = ZeroRouter((0, 1, 2))
    costs, quality = [1.0, 4.0, 2.0], [0.2, 0.9, 0.6]
    assert router.quality(costs, quality, [1.5, 3.0, 5.0]) == pytest.approx([0.4, 0.75, 0.9])


def test_below_the_cheapest_vertex_the_mix_is_flagged() -> None:
    router = ZeroRouter((0, 1))
    assert router.feasible([1.0, 2.0], [0.9, 1.0]).tolist() == [False, True]
    assert float(router.quality([1.0, 2.0], [0.2, 0.6], 0.9)) == pytest.approx(0.2)


def test_hull_of_each_draw_is_its_own() -> None:
    router = ZeroRouter((0, 1, 2))
    costs = np.tile([1.0, 2.0, 3.0], (2, 1))
    quality = np.array([[0.1, 0.5, 0.6], [0.1, 0.2, 0.9]])
    assert router.quality(costs, quality, [2.0, 2.0]) == pytest.approx([0.5, 0.5])
    assert router.quality(costs, quality, [2.5, 2.5]) == pytest.approx([0.55, 0.7])


@pytest.mark.parametrize("at", [0.5, 1.0, 1.25, 2.0, 3.5, 4.0, 9.0])
def test_weights_reach_the_frontier_at_that_cost(at: float) -> None:
    weights = mix_weights(TRAIN_COST, TRAIN_QUALITY, at)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights > 0).sum() <= 2
    assert weights @ TRAIN_QUALITY == pytest.approx(
        float(frontier_quality(TRAIN_COST, TRAIN_QUALITY, at))
    )
    assert weights @ TRAIN_COST == pytest.approx(np.clip(at, 1.0, 4.0))


def test_paretobandit_mixes_at_the_spend_of_the_published_pacer(data_mirror: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_parquet(data_mirror / "paretobandit" / "outcomes.parquet")
    means = rows.groupby(["split", "model"])[["cost_usd", "score"]].mean()
    arms = ["llama-3.1-8b-instruct", "mistral-large-2512", "gemini-2.5-pro"]
    names = [next(m for m in means.loc["test"].index if m.endswith(arm)) for arm in arms]
    train, test = means.loc["val"].loc[names], means.loc["test"].loc[names]
    router = ZeroRouter.fit(train["cost_usd"], train["score"])
    assert router.vertices == (0, 1, 2)
    published = pandas.read_csv(data_mirror / "paretobandit" / "published_budget_pacing.csv")
    spend = published.loc[published["method"] == "pacer", "mean_cost"].to_numpy()
    mixed = router.quality(test["cost_usd"], test["score"], spend)
    expected = [0.7931, 0.8073, 0.8469, 0.9231, 0.9238, 0.9257, 0.9297]
    assert mixed == pytest.approx(expected, abs=1.5e-4)
