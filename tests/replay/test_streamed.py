"""A streamed trace replays as one in memory does, and is never read far ahead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gairp.backends.recorded import RecordedPrompt
from gairp.features import HashedNgrams
from gairp.policies.linucb import LinUCB
from gairp.replay.engine import Replay
from gairp.replay.runlog import RunLog
from gairp.replay.source import Outcomes
from gairp.replay.streamed import streamed
from gairp.rewards import Utility
from gairp.traces.adapters import read_trace
from gairp.traces.stream import stream_rows
from gairp.traces.trace import TraceRow

ARMS = ("coder", "large", "small")


@pytest.fixture
def table(tiny_tables: Path, tmp_path: Path) -> Path:
    """One file, as a stream needs it: texts beside the outcomes, rows of a prompt together."""
    outcomes = pd.read_parquet(tiny_tables / "outcomes.parquet")
    prompts = pd.read_parquet(tiny_tables / "prompts.parquet")
    path = tmp_path / "trace.parquet"
    outcomes.merge(prompts, on="prompt_id").to_parquet(path, row_group_size=30)
    return path


def replayed(prompts: Iterator[RecordedPrompt]) -> dict[str, np.ndarray]:
    cost = np.array([4e-4, 1e-3, 1e-4])
    policy, log = LinUCB(alpha=0.3, utility=Utility(cost_weight=0.1)), RunLog(ARMS)
    engine = Replay(policy=policy, arms=ARMS, expected_cost=cost, max_cost=cost, seed=0)
    engine.run(prompts, log)
    return log.columns()


def test_a_stream_replays_as_the_trace_in_memory(table: Path) -> None:
    trace = read_trace(table, arms=ARMS)
    builder = HashedNgrams(dim=16).fit(trace.prompts)
    whole = Outcomes(
        arms=trace.arms,
        prompt_ids=trace.prompt_ids,
        features=builder.transform(trace.prompts, categories=trace.categories),
        quality=trace.score,
        cost_usd=trace.quantities["cost_usd"],
        latency_s=trace.quantities["latency_s"],
    )
    in_memory = replayed(whole.prompts(np.arange(len(trace))))
    stream = replayed(streamed(stream_rows(table, ARMS), builder, batch=7))
    assert len(stream["rows"]) == 120
    for name, column in in_memory.items():
        np.testing.assert_array_equal(stream[name], column)


def test_no_more_than_a_batch_is_read_ahead(table: Path) -> None:
    pulled = 0

    def counted() -> Iterator[TraceRow]:
        nonlocal pulled
        for row in stream_rows(table, ARMS):
            pulled += 1
            yield row

    builder = HashedNgrams(dim=16).fit(["a text"])
    prompts = streamed(counted(), builder, batch=8)
    for seen in range(1, 41):
        assert next(prompts).row == seen - 1
        assert pulled == 8 * -(-seen // 8)
