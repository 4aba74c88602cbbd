"""Utility against hand-worked values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gairp.errors import ConfigError
from gairp.rewards import Utility


def test_linear_cost_is_per_thousand_requests() -> None:
    utility = Utility(cost_weight=0.1, latency_weight=0.02)
    assert utility.of(0.8, 0.002, 1.5) == pytest.approx(0.8 - 0.1 * 2.0 - 0.02 * 1.5)


def test_log_cost_runs_from_low_to_high() -> None:
    utility = Utility(cost_weight=0.5, cost_scale="log", cost_low=1e-5, cost_high=1e-1)
    costs = np.array([1e-6, 1e-5, 1e-3, 1e-1, 1.0])
    values = utility.of_arrays(np.ones(5), costs, np.zeros(5))
    np.testing.assert_allclose(values, [1.0, 1.0, 0.75, 0.5, 0.5])


def test_share_cost_counts_strong_calls() -> None:
    assert Utility(cost_weight=0.3, cost_scale="share").of(1.0, 1.0, math.nan) == pytest.approx(0.7)


def test_a_term_that_is_off_may_be_unknown() -> None:
    assert Utility().of(0.7, math.nan, math.nan) == 0.7
    assert math.isnan(Utility(cost_weight=0.1).of(0.7, math.nan, 1.0))
    assert math.isnan(Utility(cost_ceiling=0.1).of(0.7, math.nan, 1.0))


def test_above_a_ceiling_quality_counts_nothing() -> None:
    utility = Utility(cost_weight=0.1, cost_ceiling=0.01, latency_ceiling=2.0)
    assert utility.of(0.9, 0.02, 1.0) == pytest.approx(-2.0)
    assert utility.of(0.9, 0.005, 3.0) == pytest.approx(-0.5)
    assert utility.of(0.9, 0.005, 1.0) == pytest.approx(0.4)


def test_scalars_and_arrays_agree() -> None:
    rng = np.random.default_rng(0)
    q, c, t = rng.random(50), rng.random(50) * 1e-2, rng.random(50)
    for utility in (
        Utility(cost_weight=0.2, latency_weight=0.1),
        Utility(cost_weight=0.2, cost_scale="log", cost_low=1e-4, cost_high=1e-2),
        Utility(cost_weight=0.2, cost_scale="share", cost_ceiling=5e-3),
    ):
        one_by_one = [utility.of(*values) for values in zip(q, c, t, strict=True)]
        np.testing.assert_allclose(utility.of_arrays(q, c, t), one_by_one, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cost_weight": -1}, r"utility\.cost_weight is -1"),
        ({"latency_weight": math.nan}, r"utility\.latency_weight is nan"),
        ({"cost_scale": "cubic"}, "there are: linear, log, share"),
        ({"cost_scale": "log", "cost_low": 1.0, "cost_high": 0.5}, "0 < utility.cost_low"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Utility(**settings)
