"""All weights at once give what one after the other would."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gairp.metrics.weight_sweep import weight_sweep


@pytest.mark.parametrize("by_prompt", [False, True])
def test_a_sweep_is_the_argmax_at_each_weight(by_prompt: bool) -> None:
    rng = np.random.default_rng(0)
    n, k = 300, 5
    predicted, quality, cost = (rng.random((n, k)) for _ in range(3))
    predicted[:, 4] = -np.inf
    expected = rng.random((n, k)) if by_prompt else rng.random(k)
    weights = np.concatenate([[0.0], np.geomspace(1e-2, 1e2, 50)])
    costs, values = weight_sweep(predicted, expected, quality, cost, weights)
    for i, weight in enumerate(weights):
        arm = (predicted - weight * expected).argmax(axis=1)
        assert costs[i] == pytest.approx(cost[np.arange(n), arm].mean())
        assert values[i] == pytest.approx(quality[np.arange(n), arm].mean())


def test_by_hand() -> None:
    """The dear arm is 0.3 better and costs 1 more: it is taken below a weight of 0.3."""
    sweep = weight_sweep([[0.5, 0.8]], [1.0, 2.0], [[0.0, 1.0]], [[10.0, 20.0]], [0.0, 0.2, 0.4, 1])
    assert [found.tolist() for found in sweep] == [[20, 20, 10, 10], [1, 1, 0, 0]]
    # Equal predictions: the cheaper; equal in both: the first.
    sweep = weight_sweep([[0.5, 0.5]], [2.0, 1.0], [[0.0, 1.0]], [[10.0, 20.0]], [0.0, 1.0])
    assert sweep[1].tolist() == [1.0, 1.0]
    sweep = weight_sweep([[0.5, 0.5]], [1.0, 1.0], [[0.0, 1.0]], [[10.0, 20.0]], [0.0, 1.0])
    assert sweep[1].tolist() == [0.0, 0.0]


def test_a_thousand_points_over_twelve_thousand_prompts_take_well_under_a_second() -> None:
    rng = np.random.default_rng(1)
    tables = [rng.random((12_000, 9)) for _ in range(3)]
    weights = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 999)])
    start = time.process_time()
    costs, _ = weight_sweep(tables[0], rng.random(9), tables[1], tables[2], weights)
    assert time.process_time() - start < 0.5
    assert len(costs) == 1000


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="ascending"):
        weight_sweep([[0.5]], [1.0], [[0.5]], [[0.5]], [1.0, 0.0])
    with pytest.raises(ValueError, match=r"must be \[n, k\]"):
        weight_sweep([[0.5]], [1.0], [[0.5, 0.1]], [[0.5]], [1.0])
