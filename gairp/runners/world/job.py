"""One policy on one seed in a changing world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.policies.base import BasePolicy
from gairp.protocols import Trainable
from gairp.records.parquet_log import ParquetLog
from gairp.replay.engine import Sink
from gairp.replay.feedback.told import Channel
from gairp.replay.runlog import DecisionSink, Nowhere, Tee
from gairp.replay.scenario.event import Event
from gairp.replay.scenario.scenario import Scenario, ordered
from gairp.replay.scenario.stage import Stage, Stream
from gairp.replay.source import shuffled
from gairp.replay.world import WorldReplay
from gairp.replay.worldlog import WorldLog
from gairp.report.world.study import WorldRun
from gairp.rewards import Utility
from gairp.routing.event_log import Sink as EventSink
from gairp.runners.replay.job import Job, arrivals_of, build_policy
from gairp.runners.replay.job_log import JobLog
from gairp.runners.replay.opening import learner_name, opened
from gairp.runners.replay.prepared import Prepared


@dataclass(frozen=True, slots=True)
class WorldJob(Job):
    """A job, and the world that it meets."""

    scenario: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    feedback: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    capacity: Mapping[str, Any] | None = None
    fallbacks: int = 0


def run_world_job(prepared: Prepared, job: Job) -> WorldRun:
    """Fit and learn in the world as it was, then report on the one that changes.

    The result depends on the arguments alone.
    """
    assert isinstance(job, WorldJob)
    protocol, events = job.protocol, events_of(job.scenario)
    rows = reported_rows(prepared, job, events)
    stage = stage_of(prepared, job, requests=len(rows))
    scenario, policy = Scenario(events, stage), build_policy(job)
    before = prepared.without(scenario.arriving)
    if isinstance(policy, Trainable):
        part = protocol.fitted_on(job.policy)
        policy.fit(before.training_set(part), np.random.default_rng([job.seed, 2]))
    if policy.learns and protocol.learn is not None:
        for epoch in range(protocol.epochs):
            order = shuffled(before.rows(protocol.learn), job.seed, phase=10 + epoch)
            engine = world_engine(
                before, policy, job, Scenario((), stage), stage, seed=job.seed + (epoch << 32)
            )
            engine.run(before.outcomes.prompts(order), Nowhere())
    return _report(prepared, policy, job, scenario, stage, rows)


def events_of(scenario: Mapping[str, Mapping[str, Any]]) -> tuple[Event, ...]:
    """Events from their configurations, in the order of the names given."""
    return built(scenario.values())


def built(configs: Iterable[Mapping[str, Any]]) -> tuple[Any, ...]:
    """What the configurations say, in their order; those without a class are nothing."""
    from hydra.utils import instantiate

    return tuple(instantiate(dict(one), _convert_="all") for one in configs if "_target_" in one)


def stage_of(prepared: Prepared, job: Job, *, requests: int) -> Stage:
    """Arms and their roles, by what the fitted part says."""
    pool = prepared.pool(job.protocol.fit, job.protocol.report, Utility(**job.utility))
    assert pool.train_utility is not None
    cost = np.full(len(pool.arms), np.nan) if pool.train_cost_usd is None else pool.train_cost_usd
    worth = pool.train_quality if np.isnan(pool.train_utility).all() else pool.train_utility
    return Stage.of(prepared.arms, worth, cost, requests=requests)


def reported_rows(prepared: Prepared, job: Job, events: Sequence[Event]) -> NDArray[np.int64]:
    """The stream: the reported part in the seed's order, rearranged as events want it."""
    rows = shuffled(prepared.rows(job.protocol.report), job.seed, phase=0)
    table, utility = prepared.outcomes, Utility(**job.utility)
    nothing = np.float64(np.nan)
    worth = utility.of_arrays(
        table.quality[rows],
        nothing if table.cost_usd is None else table.cost_usd[rows],
        nothing if table.latency_s is None else table.latency_s[rows],
    )
    stream = Stream(
        rows=rows,
        categories=tuple(prepared.categories[i] for i in rows),
        utility=np.nan_to_num(worth),
    )
    return ordered(events, stream, np.random.default_rng([job.seed, 3]))


def world_engine(
    prepared: Prepared,
    policy: BasePolicy,
    job: WorldJob,
    scenario: Scenario,
    stage: Stage,
    *,
    seed: int,
    learn: bool = True,
    log: WorldLog | None = None,
    events: EventSink | None = None,
) -> WorldReplay:
    """The engine of one pass over a part."""
    protocol = job.protocol
    models, capacity = built(job.feedback.values()), built([job.capacity or {}])
    return WorldReplay(
        scenario=scenario,
        channel=Channel(models, stage, seed=seed) if models else None,
        fleet=capacity[0].fleet(prepared.arms, seed=seed) if capacity else None,
        categories=prepared.categories,
        fallbacks=job.fallbacks,
        log=log,
        policy=policy,
        arms=prepared.arms,
        expected_cost=prepared.expected_cost(protocol.fit),
        max_cost=prepared.max_cost(protocol.fit),
        seed=seed,
        arrivals=arrivals_of(protocol.arrivals, job.seed),
        feedback_delay_s=protocol.feedback_delay_s,
        learn=learn,
        events=events,
        learner=learner_name(job),
    )


def _report(
    prepared: Prepared,
    policy: BasePolicy,
    job: WorldJob,
    scenario: Scenario,
    stage: Stage,
    rows: NDArray[np.int64],
) -> WorldRun:
    """Replay the stream, with the records that the job asks for."""
    log = WorldLog(
        arms=len(prepared.arms),
        worth=Utility(**job.utility).of_arrays,
        segment=scenario.segment,
        alarms=lambda: alarms_of(policy),
    )
    sinks: list[Sink] = []
    with ExitStack() as records:
        events = None
        if job.record is not None:
            decisions = records.enter_context(ParquetLog(Path(job.record)))
            sinks.append(DecisionSink(decisions))
        if job.log is not None:
            events = records.enter_context(JobLog(Path(job.log)))
            events.append(opened(job, policy, prepared))
        engine = world_engine(
            prepared, policy, job, scenario, stage,
            seed=job.seed, learn=job.protocol.learn_on_report, log=log, events=events,
        )  # fmt: skip
        engine.run(prepared.outcomes.prompts(rows), Tee(sinks))
    return WorldRun(job.policy, job.seed, prepared.arms, log.columns())


def alarms_of(policy: BasePolicy) -> int:
    """How often a policy has found that the world has changed; 0 where it does not look."""
    inner = getattr(policy, "policy", None)
    own = int(getattr(policy, "alarms", 0))
    return own + (alarms_of(inner) if isinstance(inner, BasePolicy) else 0)


def as_world_job(job: Job, **world: Any) -> WorldJob:
    """The same job in a world."""
    shared = {name: getattr(job, name) for name in Job.__dataclass_fields__}
    return replace(WorldJob(**shared), **world)
