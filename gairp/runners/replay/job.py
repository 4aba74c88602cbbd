"""One policy on one seed: the unit of work of a study."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.policies.floor import ExplorationFloor
from gairp.protocols import Trainable
from gairp.records.parquet_log import ParquetLog
from gairp.replay.arrivals import Arrivals
from gairp.replay.engine import Replay, Sink
from gairp.replay.runlog import DecisionSink, Nowhere, RunLog, Tee
from gairp.replay.source import shuffled
from gairp.report.study import Run
from gairp.rewards import Utility
from gairp.routing.event_log import Sink as EventSink
from gairp.runners.replay.job_log import JobLog
from gairp.runners.replay.opening import learner_name, opened
from gairp.runners.replay.predictions import predictions
from gairp.runners.replay.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Protocol:
    """Who learns what, when: parts are train, validation or test."""

    fit: str = "train"  #: full information, for trainable policies and the comparators
    learn: str | None = "train"  #: bandit feedback, before the report; None starts cold
    #: policy -> another part to fit it on, such as `target` beside a `train_trace`
    fit_of: Mapping[str, str] = field(default_factory=dict)
    report: str = "test"
    learn_on_report: bool = True
    epochs: int = 1  #: passes over `learn`
    feedback_delay_s: float = 0.0
    arrivals: Mapping[str, Any] | None = None  #: `_target_` and arguments; None is sequential

    def __post_init__(self) -> None:
        """Raise ConfigError where a report would be on prompts whose outcomes were seen before."""
        others = [(f"fit_of.{name}", part) for name, part in self.fit_of.items()]
        for key, part in (("fit", self.fit), ("learn", self.learn), *others):
            if part == self.report:
                raise ConfigError(
                    f"protocol.report and protocol.{key} are both {part!r}: policies would be "
                    "judged on prompts whose outcomes they have seen; report another part"
                )

    def fitted_on(self, policy: str) -> str:
        """The part that this policy is fitted on."""
        return self.fit_of.get(policy, self.fit)


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that differs between the units of work."""

    policy: str
    config: Mapping[str, Any]  #: `_target_` and constructor arguments
    seed: int
    utility: Mapping[str, Any]
    protocol: Protocol
    floor: float = 0.0
    cost_weight: float | None = None  #: set in a λ sweep
    record: str | None = None  #: where the decision log goes
    log: str | None = None  #: the folder of the interaction log

    @property
    def key(self) -> tuple[str, int, float | None]:
        """What names the job within its study."""
        return self.policy, self.seed, self.cost_weight


def build_policy(job: Job) -> BasePolicy:
    """The policy of a job, untrained."""
    from hydra.utils import instantiate

    weights = dict(job.utility)
    if job.cost_weight is not None:
        weights["cost_weight"] = job.cost_weight
    utility = Utility(**weights)
    policy: BasePolicy = instantiate(
        dict(job.config), utility=utility, name=job.policy, _convert_="all"
    )
    if job.floor:
        policy = ExplorationFloor(policy=policy, floor=job.floor, utility=utility, name=job.policy)
    return policy


def run_job(prepared: Prepared, job: Job) -> Run:
    """Fit, learn, report; the result depends on the arguments alone."""
    protocol, rows = job.protocol, prepared.rows(job.protocol.report)
    policy = build_policy(job)
    if isinstance(policy, Trainable):
        rng = np.random.default_rng([job.seed, 2])
        policy.fit(prepared.training_set(protocol.fitted_on(job.policy)), rng)
    if policy.learns and protocol.learn is not None:
        for epoch in range(protocol.epochs):
            order = shuffled(prepared.rows(protocol.learn), job.seed, phase=10 + epoch)
            # A decision's randomness hangs on its request: without another seed a second pass
            # would explore what the first one did, and nothing else.
            engine = replay_engine(prepared, policy, job, learn=True, seed=job.seed + (epoch << 32))
            engine.run(prepared.outcomes.prompts(order), Nowhere())
    log = _report(prepared, policy, job, rows)
    run = Run(policy=job.policy, seed=job.seed, cost_weight=job.cost_weight, **log.columns())
    if job.cost_weight is None:
        predicted, uncalibrated = predictions(policy, prepared, run.rows)
        run = replace(run, predicted=predicted, uncalibrated=uncalibrated)
    # Reports number the prompts within the reported part.
    return replace(run, rows=np.searchsorted(rows, run.rows))


def _report(prepared: Prepared, policy: BasePolicy, job: Job, rows: NDArray[np.int64]) -> RunLog:
    """Replay the reported part, with the records that the job asks for."""
    log, learn = RunLog(prepared.arms), job.protocol.learn_on_report
    sinks: list[Sink] = [log]
    with ExitStack() as records:
        events = None
        if job.record is not None:
            decisions = records.enter_context(ParquetLog(Path(job.record)))
            sinks.append(DecisionSink(decisions))
        if job.log is not None:
            events = records.enter_context(JobLog(Path(job.log)))
            events.append(opened(job, policy, prepared))
        engine = replay_engine(prepared, policy, job, learn=learn, seed=job.seed, events=events)
        order = shuffled(rows, job.seed, phase=0)
        engine.run(prepared.outcomes.prompts(order), log if len(sinks) == 1 else Tee(sinks))
    return log


def replay_engine(
    prepared: Prepared,
    policy: BasePolicy,
    job: Job,
    *,
    learn: bool,
    seed: int,
    events: EventSink | None = None,
) -> Replay:
    protocol = job.protocol
    return Replay(
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


def arrivals_of(config: Mapping[str, Any] | None, seed: int) -> Arrivals | None:
    """The arrival process; one whose constructor takes a seed gets the job's."""
    if config is None:
        return None
    from hydra.utils import get_class, instantiate

    takes_seed = "seed" in signature(get_class(config["_target_"])).parameters
    own = {"seed": seed} if takes_seed and "seed" not in config else {}
    arrivals: Arrivals = instantiate(dict(config), **own)
    return arrivals
