"""Calibration against known maps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from gairp.policies.learned.calibration import Calibration, Method, calibration_rows
from gairp.policies.learned.logistic import Logistic
from tests.policies.learned.world import World
from tests.policies.trained import fitted


def test_platt_finds_the_map() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(20_000, 1))
    y = (rng.random(z.shape) < expit(2.0 * z - 1.0)).astype(np.float64)
    ((a, b),) = Calibration.fit("platt", z, y, np.ones_like(y, dtype=bool)).maps
    assert (a[0], b[0]) == pytest.approx((2.0, -1.0), abs=0.1)


def test_isotonic_pools_what_falls() -> None:
    z, y = np.array([[0.1], [0.2], [0.3], [0.4]]), np.array([[0.0], [1.0], [0.0], [1.0]])
    fit = Calibration.fit("isotonic", z, y, np.ones_like(y, dtype=bool))
    assert fit.apply(z)[:, 0] == pytest.approx([0.0, 0.5, 0.5, 1.0], abs=1e-12)
    assert fit.apply(np.array([[-9.0], [9.0]]))[:, 0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_rows_held_out_are_not_fitted_on(method: Method) -> None:
    world = World.drawn(400, seed=3)
    router = fitted(Logistic(calibration=method), world.training_set())
    rows, held = calibration_rows(np.ones((400, 2), dtype=bool), 0.2, np.random.default_rng(0))
    assert sorted([*rows, *held]) == list(range(400))
    assert len(held) == 80
    part = World(world.features[rows], world.chance[rows], world.score[rows])
    raw = fitted(Logistic(), part.training_set()).estimates(world.features)
    expected = Calibration.fit(
        method, raw[held], world.score[held], np.ones((80, 2), dtype=bool)
    ).apply(raw)
    assert router.estimates(world.features) == pytest.approx(expected, abs=1e-12)
