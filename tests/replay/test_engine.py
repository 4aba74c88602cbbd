"""The virtual-time replay: order of events, delay, rejections, and equal results."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gairp.backends.recorded import RecordedPrompt
from gairp.errors import ConfigError
from gairp.policies.linucb import LinUCB
from gairp.policies.random import Random
from gairp.records.parquet_log import ParquetLog
from gairp.replay.arrivals import Arrivals, Poisson, Regular
from gairp.replay.engine import Replay
from gairp.replay.runlog import DecisionSink, RunLog, Tee
from gairp.replay.source import Outcomes, shuffled
from gairp.rewards import Utility
from gairp.types import Context, Outcome

ARMS = ("a", "b", "c")


def outcomes(n: int = 400, d: int = 5) -> Outcomes:
    rng = np.random.default_rng(3)
    features = np.hstack([rng.normal(size=(n, d)), np.ones((n, 1))])
    theta = rng.normal(size=(d + 1, len(ARMS)))
    quality = 1.0 / (1.0 + np.exp(-features @ theta))
    return Outcomes(
        arms=ARMS,
        prompt_ids=tuple(f"p{i}" for i in range(n)),
        features=features,
        quality=quality,
        cost_usd=np.tile([1e-4, 1e-3, 1e-2], (n, 1)),
        latency_s=rng.uniform(0.1, 2.0, size=(n, len(ARMS))),
    )


def replay(policy: LinUCB | Random, **settings: object) -> Replay:
    cost = np.array([1e-4, 1e-3, 1e-2])
    return Replay(
        policy=policy,
        arms=ARMS,
        expected_cost=cost,
        max_cost=cost,
        seed=1,
        **settings,  # type: ignore[arg-type]
    )


class Versions:
    """Sink that notes what the policy knew at each decision, and when requests overlapped."""

    def __init__(self) -> None:
        self.known: list[int] = []
        self.spans: list[tuple[float, float]] = []

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        self.known.append(outcome.attempts[0].decision.state_version)
        self.spans.append((context.now, outcome.completed_at))


def test_sequential_replay_learns_before_the_next_decision() -> None:
    table, sink = outcomes(), Versions()
    replay(LinUCB()).run(table.prompts(np.arange(50)), sink)
    assert sink.known == list(range(50))
    assert all(end <= start for (_, end), (start, _) in pairwise(sink.spans))


def test_what_is_recorded_is_what_the_trace_says() -> None:
    table, log = outcomes(), RunLog(ARMS)
    order = shuffled(np.arange(len(table.prompt_ids)), seed=4)
    replay(Random()).run(table.prompts(order), log)
    columns = log.columns()
    assert columns["rows"].tolist() == order.tolist()
    picked = (columns["rows"], columns["arms"])
    assert table.cost_usd is not None
    assert table.latency_s is not None
    np.testing.assert_array_equal(columns["quality"], table.quality[picked])
    np.testing.assert_array_equal(columns["cost_usd"], table.cost_usd[picked])
    np.testing.assert_array_equal(columns["latency_s"], table.latency_s[picked])
    np.testing.assert_allclose(columns["propensity"], 1 / 3)


def test_delayed_feedback_is_learned_when_it_arrives() -> None:
    table, sink = outcomes(), Versions()
    table = Outcomes(
        arms=table.arms,
        prompt_ids=table.prompt_ids,
        features=table.features,
        quality=table.quality,
        latency_s=np.full((len(table.prompt_ids), 3), 0.5),
    )
    engine = replay(LinUCB(), arrivals=Regular(interval_s=1.0), feedback_delay_s=9.5)
    engine.run(table.prompts(np.arange(40)), sink)
    # A request at t is answered at t + 0.5 and its feedback comes at t + 10: before the decision
    # of request t + 10.
    assert sink.known == [max(0, t - 9) for t in range(40)]
    assert engine.router.policy.state_version == 40


@pytest.mark.parametrize("arrivals", [Regular(interval_s=0.05), Poisson(rate=20.0, seed=1)])
def test_requests_overlap_and_every_one_is_learned_once(arrivals: Arrivals) -> None:
    table, sink, policy = outcomes(), Versions(), LinUCB()
    engine = replay(policy, arrivals=arrivals)
    engine.run(table.prompts(np.arange(200)), sink)
    assert policy.state_version == 200
    assert len(engine.joiner) == 0
    starts = sorted(start for start, _ in sink.spans)
    ends = sorted(end for _, end in sink.spans)
    assert any(start < end for start, end in zip(starts[1:], ends, strict=False))


def test_an_unrecorded_pair_is_kept_as_unknown_and_never_learned() -> None:
    table = outcomes()
    quality = table.quality.copy()
    quality[:, 1] = np.nan
    holes = Outcomes(
        arms=ARMS, prompt_ids=table.prompt_ids, features=table.features, quality=quality
    )
    log, policy = RunLog(ARMS), LinUCB()
    replay(policy).run(holes.prompts(np.arange(100)), log)
    columns = log.columns()
    unknown = np.isnan(columns["quality"])
    np.testing.assert_array_equal(unknown, columns["arms"] == 1)
    assert policy.state_version == int((~unknown).sum())
    assert np.isnan(columns["cost_usd"]).all()


def test_without_learning_the_policy_stays_as_it_is() -> None:
    policy = LinUCB()
    replay(policy, learn=False).run(outcomes().prompts(np.arange(30)), Versions())
    assert policy.state_version == 0


def test_same_seed_same_run_bit_for_bit() -> None:
    def once() -> dict[str, np.ndarray]:
        log = RunLog(ARMS)
        policy = LinUCB(utility=Utility(cost_weight=0.1))
        replay(policy).run(outcomes().prompts(shuffled(np.arange(400), 7)), log)
        return log.columns()

    first, second = once(), once()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_the_decision_log_holds_what_was_decided(tmp_path: Path) -> None:
    table, log = outcomes(), RunLog(ARMS)
    path = tmp_path / "decisions.parquet"
    with ParquetLog(path, chunk=64) as decisions:
        replay(Random()).run(table.prompts(np.arange(200)), Tee([log, DecisionSink(decisions)]))
        assert not path.exists()
    rows = pq.read_table(path).to_pandas()
    columns = log.columns()
    assert rows["request_id"].tolist() == [f"p{i}" for i in range(200)]
    assert [ARMS[i] for i in columns["arms"]] == rows["arm"].astype(str).tolist()
    np.testing.assert_array_equal(rows["propensity"], columns["propensity"])
    np.testing.assert_allclose([sum(p) for p in rows["probabilities"]], 1.0)
    assert set(rows["candidates"].astype(str)) == {'["a","b","c"]'}
    assert pq.ParquetFile(path).num_row_groups == 4


def test_a_log_that_failed_leaves_no_file_under_the_final_name(tmp_path: Path) -> None:
    path = tmp_path / "decisions.parquet"
    with pytest.raises(RuntimeError), ParquetLog(path):
        raise RuntimeError("the run broke")
    assert not path.exists()


def test_bad_settings_name_the_key() -> None:
    with pytest.raises(ConfigError, match=r"protocol\.feedback_delay_s is -1"):
        replay(LinUCB(), feedback_delay_s=-1)
    with pytest.raises(ConfigError, match=r"would delay nothing; set protocol\.arrivals"):
        replay(LinUCB(), feedback_delay_s=60.0)
    with pytest.raises(ConfigError, match=r"arrivals\.interval_s is 0"):
        Regular(interval_s=0)
    with pytest.raises(ConfigError, match=r"arrivals\.rate is -2"):
        Poisson(rate=-2, seed=0)
