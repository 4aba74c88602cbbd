from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gairp.errors import BadRowError, DataError, UnknownNameError
from gairp.traces.trace import Trace
from gairp.traces.validate import check_trace


@pytest.fixture
def trace() -> Trace:
    nan = np.nan
    return Trace(
        name="t",
        arms=("a", "b"),
        prompt_ids=("p0", "p1", "p2"),
        prompts=("zero", "one", "two"),
        categories=("x", "y", "x"),
        score=np.array([[0.0, 1.0], [0.5, nan], [1.0, 0.25]]),
        quantities={"cost_usd": np.array([[0.1, nan], [0.2, nan], [0.3, nan]])},
        groups=np.array([0, 1, 1]),
        splits=("train", "test", "train"),
        signals={"agreement": np.array([[1.0, 0.5], [0.0, nan], [nan, 1.0]])},
    )


def test_arms_without_a_quantity(trace: Trace) -> None:
    assert trace.arms_without("cost_usd") == ("b",)
    assert trace.arms_without("latency_s") == ("a", "b")


def test_pool_orders_arms_and_forgets_a_quantity_that_none_has(trace: Trace) -> None:
    assert trace.pool(["b", "a"]).score[2].tolist() == [0.25, 1.0]
    only = trace.pool(["b"])
    assert not only.has("cost_usd")
    assert only.signals["agreement"][:, 0].tolist()[0] == 0.5
    with pytest.raises(UnknownNameError, match="there are: a, b"):
        trace.pool(["c"])


def test_rows_carry_signals_and_split(trace: Trace) -> None:
    rows = list(trace)
    assert [row.split for row in rows] == ["train", "test", "train"]
    assert rows[0].signals["agreement"].tolist() == [1.0, 0.5]
    assert rows[1].quantities["cost_usd"][0] == 0.2
    assert trace.complete_rows().tolist() == [0, 2]


def test_take_keeps_order(trace: Trace) -> None:
    part = trace.take([2, 0])
    assert part.prompt_ids == ("p2", "p0")
    assert part.groups.tolist() == [1, 0]
    assert part.splits == ("train", "train")


def test_a_sound_trace_passes(trace: Trace) -> None:
    assert check_trace(trace) is trace


def test_unsound_traces_are_refused(trace: Trace) -> None:
    with pytest.raises(DataError, match="prompt id 'p0' occurs twice"):
        check_trace(replace(trace, prompt_ids=("p0", "p0", "p2")))
    with pytest.raises(DataError, match="arm 'a' occurs twice"):
        check_trace(replace(trace, arms=("a", "a")))
    with pytest.raises(DataError, match="2 prompts for 3 prompt ids"):
        check_trace(replace(trace, prompts=("zero", "one")))
    with pytest.raises(DataError, match=r"score is float64 \(3, 1\); make it float64 \(3, 2\)"):
        check_trace(replace(trace, score=trace.score[:, :1]))
    with pytest.raises(DataError, match="'tokens' is no quantity"):
        check_trace(replace(trace, quantities={"tokens": trace.score}))
    with pytest.raises(BadRowError, match=r"row 1, column 'score of b'.*outside \[0, 1\]"):
        check_trace(replace(trace, score=trace.score * 2))
    with pytest.raises(BadRowError, match=r"row 1, column 'cost_usd of a'.*negative"):
        check_trace(replace(trace, quantities={"cost_usd": -trace.quantities["cost_usd"]}))
