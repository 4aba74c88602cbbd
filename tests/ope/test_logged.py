"""The input is checked, and each refusal names the argument and the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gairp.ope.logged import Logged


def fields(**changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "rewards": np.array([1.0, 0.0]),
        "actions": np.array([0, 1]),
        "propensities": np.array([0.5, 0.25]),
        "target": np.array([[0.5, 0.5], [1.0, 0.0]]),
    }
    return {**given, **changed}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rewards": np.empty(0), "actions": np.empty(0, int)}, "target has the shape"),
        ({"rewards": np.array([1.0, 2.0])}, r"rewards\[1\] is 2.0, outside the declared bounds"),
        ({"actions": np.array([0, 2])}, r"actions leave \[0, 2\)"),
        ({"actions": np.array([0.0, 1.0])}, "actions must be 2 whole numbers"),
        ({"propensities": np.array([0.5, 0.0])}, r"propensities\[1\] is 0.0"),
        ({"propensities": np.array([0.5])}, "propensities has the shape"),
        ({"target": np.array([[0.5, 0.5], [0.9, 0.0]])}, r"target\[1\] is no distribution"),
        ({"target": np.array([[1.5, -0.5], [1.0, 0.0]])}, r"target\[0\] is no distribution"),
        ({"q_hat": np.array([[0.5, np.nan], [0, 0]])}, r"q_hat\[0, 1\] is nan"),
        ({"logging": np.array([[0.5, 0.4], [1, 0]])}, r"logging\[0\] is no distribution"),
        ({"observed_probability": np.array([0.5, 1.5])}, r"observed_probability\[1\] is 1.5"),
        ({"bounds": (1.0, 0.0)}, "bounds are"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Logged(**fields(**changed))


def test_missing_rewards_are_left_out_or_weighted() -> None:
    log = Logged(**fields(rewards=np.array([np.nan, 1.0]), clusters=np.array([5, 6])))
    with pytest.raises(ValueError, match="1 of 2 rewards are missing"):
        _ = log.weights
    complete = log.complete()
    assert complete.rewards.tolist() == [1.0]
    assert complete.clusters is not None
    assert complete.clusters.tolist() == [6]
    modelled = Logged(
        **fields(rewards=np.array([np.nan, 1.0]), observed_probability=np.array([0.5, 0.5]))
    )
    assert modelled.complete() is modelled
    assert modelled.weights.tolist() == [0.0, 0.0]  # the second arm is not the target's
    nothing = Logged(**fields(rewards=np.full(2, np.nan)))
    with pytest.raises(ValueError, match="no reward arrived"):
        nothing.complete()


def test_clusters_are_numbered() -> None:
    log = Logged(**fields(clusters=np.array([9, 4])))
    assert log.members.tolist() == [1, 0]
    assert Logged(**fields()).members.tolist() == [0, 1]
