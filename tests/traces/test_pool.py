from __future__ import annotations

import numpy as np
import pytest

from gairp.errors import ConfigError, DataError, UnknownNameError
from gairp.traces.pool import select_pool
from gairp.traces.trace import Trace

NAN = np.nan


@pytest.fixture
def trace() -> Trace:
    score = np.array([[1, 0, 1], [NAN, 1, 0], [0, 0, NAN], [1, 1, 1]], dtype=np.float64)
    return Trace(
        name="t",
        arms=("a", "b", "c"),
        prompt_ids=("p0", "p1", "p2", "p3"),
        prompts=("",) * 4,
        categories=("",) * 4,
        score=score,
        quantities={},
        groups=np.arange(4),
    )


def test_drop_keeps_the_complete_prompts_and_counts_the_others(trace: Trace) -> None:
    pool = select_pool(trace, ["c", "a"])
    assert pool.trace.arms == ("c", "a")
    assert pool.trace.prompt_ids == ("p0", "p3")
    assert (pool.total, pool.kept.tolist(), pool.dropped.tolist()) == (4, [0, 3], [1, 2])
    assert pool.complete.tolist() == [0, 1]
    assert pool.missing_pairs == {"c": 1, "a": 1}
    assert str(pool) == (
        "2 of 4 prompts are complete for the 2 arms; the others dropped (missing: c 1, a 1)"
    )


def test_only_the_pools_own_gaps_count(trace: Trace) -> None:
    pool = select_pool(trace, ["a", "b"])
    assert pool.kept.tolist() == [0, 2, 3]
    assert pool.missing_pairs == {"a": 1, "b": 0}


def test_reject_keeps_the_gaps_and_names_the_intersection(trace: Trace) -> None:
    pool = select_pool(trace, missing="reject")
    np.testing.assert_array_equal(pool.trace.score, trace.score)
    assert pool.complete.tolist() == [0, 3]
    assert (pool.kept.tolist(), pool.dropped.tolist()) == ([0, 1, 2, 3], [])
    assert "missing pairs are rejected" in str(pool)


def test_bad_pools(trace: Trace) -> None:
    with pytest.raises(UnknownNameError, match="'d'; there are: a, b, c"):
        select_pool(trace, ["a", "d"])
    with pytest.raises(ConfigError, match="'a' is named twice"):
        select_pool(trace, ["a", "a"])
    with pytest.raises(ConfigError, match="the list is empty"):
        select_pool(trace, [])
    with pytest.raises(UnknownNameError, match="'zero'; there are: drop, reject"):
        select_pool(trace, missing="zero")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="none of 2 prompts was answered by all of a, b, c"):
        select_pool(trace.take([1, 2]))
