from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gairp.traces.content_hash import trace_hash
from gairp.traces.trace import Trace


@pytest.fixture
def trace() -> Trace:
    return Trace(
        name="t",
        arms=("a", "b"),
        prompt_ids=("p0", "p1"),
        prompts=("zero", "one"),
        categories=("x", "y"),
        score=np.array([[0.0, 1.0], [0.5, np.nan]]),
        quantities={"cost_usd": np.array([[0.1, 0.2], [0.3, np.nan]])},
        groups=np.array([0, 1]),
        splits=("train", "test"),
    )


def test_order_and_labels_do_not_matter(trace: Trace) -> None:
    expected = trace_hash(trace)
    assert trace_hash(trace.take([1, 0])) == expected
    assert trace_hash(trace.pool(["b", "a"])) == expected
    assert trace_hash(replace(trace, name="u", notes=("n",), groups=np.array([5, 5]))) == expected
    zeros = np.where(trace.score == 0, -0.0, trace.score)
    assert trace_hash(replace(trace, score=zeros)) == expected


def test_every_part_of_the_content_matters(trace: Trace) -> None:
    cost = trace.quantities["cost_usd"]
    changed = [
        replace(trace, prompt_ids=("p0", "p2")),
        replace(trace, prompts=("zero", "two")),
        replace(trace, prompts=("zeroo", "ne")),
        replace(trace, categories=("x", "x")),
        replace(trace, splits=("train", "train")),
        replace(trace, splits=None),
        replace(trace, arms=("a", "c")),
        replace(trace, score=np.nextafter(trace.score, 1)),
        replace(trace, quantities={"latency_s": cost}),
        replace(trace, quantities={}),
        replace(trace, quantities={"cost_usd": np.where(np.isnan(cost), 0.0, cost)}),
        replace(trace, signals={"cost_usd": cost}),
    ]
    hashes = {trace_hash(other) for other in [trace, *changed]}
    assert len(hashes) == len(changed) + 1


def test_a_pinned_hash(trace: Trace) -> None:
    assert trace_hash(trace) == ("b1d11b09a9eaed3fdfb9587f161fc7d030eb8e7effb314355fca0ecb15298b9b")
