"""No row is predicted by a model that has seen it."""

from __future__ import annotations

import numpy as np
import pytest

from gairp.ope.cross_fit import Model, RidgeModel, cross_fitted


def test_a_row_and_its_cluster_are_predicted_by_the_others() -> None:
    clusters = np.repeat(np.arange(6), 2)
    rewards = clusters.astype(float)
    rewards[3] = np.nan
    seen: list[set[float]] = []

    def fit(x: np.ndarray, a: np.ndarray, r: np.ndarray) -> Model:
        seen.append(set(r.tolist()))
        assert not np.isnan(r).any()
        return lambda new: np.tile(r.mean(), (len(new), 2))

    q = cross_fitted(
        np.zeros((12, 1)), np.zeros(12, int), rewards, fit=fit, rng=np.random.default_rng(0),
        folds=3, clusters=clusters,
    )  # fmt: skip
    assert q.shape == (12, 2)
    assert [len(one) for one in seen] == [4, 4, 4]
    for cluster in range(6):
        rows = q[clusters == cluster, 0]
        assert rows[0] == rows[1]
        own = [one for one in seen if float(cluster) not in one]
        assert len(own) == 1
    with pytest.raises(ValueError, match="folds is 7"):
        cross_fitted(
            np.zeros((12, 1)), np.zeros(12, int), rewards, fit=fit, rng=np.random.default_rng(0),
            folds=7, clusters=clusters,
        )  # fmt: skip


def test_ridge_finds_the_line_of_each_arm() -> None:
    x = np.linspace(-1, 1, 50)[:, None]
    actions = np.arange(50) % 2
    rewards = np.where(actions == 0, 0.5 + 0.2 * x[:, 0], 0.4 - 0.1 * x[:, 0])
    model = RidgeModel(k=3, ridge=1e-9)(x, actions, rewards)
    found = model(np.array([[0.5], [0.0], [9.0]]))
    assert found[0] == pytest.approx([0.6, 0.35, rewards.mean()])
    assert found[1] == pytest.approx([0.5, 0.4, rewards.mean()])
    assert found[2].tolist()[:2] == [1.0, 0.0]  # clipped to the bounds
