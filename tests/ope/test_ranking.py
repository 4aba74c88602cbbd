"""Several candidates on one log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gairp.ope.ips import IPS
from gairp.ope.ranking import rank
from tests.ope.bandit import bandit


def test_candidates_are_ordered_and_the_unsupported_one_is_refused() -> None:
    problem = bandit(k=3, kinds=1)
    means = np.array([[0.3, 0.5, 0.9]])
    problem = replace(problem, means=means, logging=np.full((1, 3), 1 / 3))
    log = problem.log(np.random.default_rng(0), 6000, logging=None)
    arms = {name: replace(log, target=np.tile(np.eye(3)[i], (6000, 1)))
            for i, name in enumerate(("low", "middle", "high"))}  # fmt: skip
    keen = log.actions == 0
    thin = replace(arms["low"], propensities=np.where(keen, 0.001, 0.5))
    found, refused = rank({**arms, "thin": thin}, rng=np.random.default_rng(1))
    assert [one.name for one in found] == ["high", "middle", "low"]
    assert [one.best for one in found] == [1.0, 0.0, 0.0]
    assert found[0].behind == found[0].behind_low == found[0].behind_high == 0.0
    assert found[1].behind_low < 0.4 < found[1].behind_high
    assert found[1].behind_low > 0.3
    assert list(refused) == ["thin"]
    assert "mean weight" in str(refused["thin"])


def test_equal_candidates_are_not_told_apart() -> None:
    log = bandit().log(np.random.default_rng(0), 2000)
    found, refused = rank({"a": log, "b": log}, rng=np.random.default_rng(1), estimator=IPS())
    assert not refused
    assert [(one.name, one.behind, one.best) for one in found] == [("a", 0.0, 1.0), ("b", 0.0, 0.0)]
    assert found[0].value == pytest.approx(found[1].value)
