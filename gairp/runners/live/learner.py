"""One policy on one seed, with everything it needs to serve."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from platform import machine
from typing import Any

import msgspec
import numpy as np

from gairp.errors import ConfigError
from gairp.policies.base import BasePolicy
from gairp.protocols import Clock, Trainable
from gairp.records.events import Decided, Event, Opened
from gairp.replay.runlog import Nowhere
from gairp.replay.source import shuffled
from gairp.routing.admission import Admission
from gairp.routing.costing import Costing
from gairp.routing.event_log import EventLog, Sink
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.rebuild import Rebuilder
from gairp.routing.retry import RetryRule
from gairp.routing.router import Router
from gairp.runners.live.material import Material
from gairp.runners.live.question import LiveQuestion
from gairp.runners.registered import FITTED
from gairp.runners.replay.job import Job, build_policy, replay_engine
from gairp.types import Arm, Floats, Request


@dataclass(slots=True)
class Learner:
    """A policy, its router and its joiner, and what an earlier process has left of them."""

    job: Job
    policy: BasePolicy
    joiner: FeedbackJoiner
    router: Router
    log: EventLog
    past: Rebuilder  #: what an earlier process did
    begun: dict[str, int] = field(default_factory=dict)  #: question -> times it was begun before

    @property
    def name(self) -> str:
        """What the log calls it."""
        return learner_name(self.job)

    def request(self, question: LiveQuestion, now: float) -> Request:
        """The request for a question; one that a kill cut off is asked under a new id."""
        times = self.begun.get(question.id, 0)
        request = question.request(self.name, now)
        if not times:
            return request
        return msgspec.structs.replace(request, id=f"{request.id}~{times}")

    def answered(self) -> set[str]:
        """The questions that an earlier process had answered; a failure is asked again."""
        return {
            self.past.tags[decision_id]["question"]
            for decision_id, outcome in self.past.observed.items()
            if outcome.attempts[-1].response.error is None
        }

    def asked(self) -> list[tuple[str, str]]:
        """Question and arm of every answer of an earlier process, shadows included."""
        pairs = []
        for call_id, response in self.past.responses.items():
            decision_id = call_id.rpartition(".")[0]
            if response.error is None:
                arm = self.past.decisions[decision_id][1].arm
                pairs.append((self.past.tags[decision_id]["question"], arm))
        return pairs


def learner_name(job: Job) -> str:
    """Policy and seed."""
    return f"{job.policy}-{job.seed}"


def question_of(request_id: str, learner: str) -> str:
    """The question that a request's id was made of."""
    return request_id.removeprefix(f"{learner}/").partition("~")[0]


def open_learner(
    job: Job,
    *,
    material: Material,
    arms: Mapping[str, Arm],
    admission: Admission,
    costing: Costing,
    retry: RetryRule,
    fallbacks: int,
    clock: Clock,
    sink: Sink,
    content: bool,
    facts: Mapping[str, str],
    past: Sequence[Event] = (),
) -> Learner:
    """A learner that stands where `past`, the events that an earlier process logged, ends.

    Without a past it begins a log of its own, with the state that a warm start has made.
    """
    policy = build_policy(job)
    _warm(policy, job, material)
    log = EventLog(
        learner=learner_name(job),
        sink=sink,
        arms=arms,
        reserved=admission.reserved,
        more_features=_more(material),
        content=content,
    )
    if not past:
        sink.append(_head(job, policy, material, facts))
    joiner = FeedbackJoiner(policy)
    rebuilder = Rebuilder(policy=policy, joiner=joiner)
    for event in past:
        rebuilder.feed(event)
    joiner.log = log
    router = Router(
        policy=policy,
        seed=job.seed,
        clock=clock,
        joiner=joiner,
        bill=costing.bill,
        retry=retry,
        gate=admission,
        log=log,
        fallbacks=fallbacks,
    )
    return Learner(
        job=job, policy=policy, joiner=joiner, router=router, log=log, past=rebuilder,
        begun=_begun(past, learner_name(job)),
    )  # fmt: skip


def job_document(job: Job) -> str:
    """What rebuilds the policy, as JSON: the arguments of `Job` that `build_policy` reads."""
    keys = ("policy", "config", "seed", "utility", "floor", "cost_weight")
    return json.dumps({key: getattr(job, key) for key in keys}, sort_keys=True)


def _begun(past: Sequence[Event], learner: str) -> dict[str, int]:
    first = [e for e in past if isinstance(e, Decided) and e.kind == "primary"]
    return dict(Counter(question_of(event.request_id, learner) for event in first))


def _warm(policy: BasePolicy, job: Job, material: Material) -> None:
    """Fit and learn on what was recorded, as a replay does before its report."""
    prepared, protocol = material.prepared, job.protocol
    if prepared is None:
        if isinstance(policy, Trainable):
            raise ConfigError(
                f"policy {job.policy!r} must be fitted before it decides; set live.warm_start=true "
                "(the arms must have been recorded), or choose one that learns from nothing"
            )
        return
    if isinstance(policy, Trainable):
        policy.fit(prepared.training_set(protocol.fit), np.random.default_rng([job.seed, 2]))
    if policy.learns and protocol.learn is not None:
        order = shuffled(prepared.rows(protocol.learn), job.seed, phase=10)
        replay = replay_engine(prepared, policy, job, learn=True, seed=job.seed)
        replay.run(prepared.outcomes.prompts(order), Nowhere())


def _more(material: Material) -> Any:
    if not material.more_features:
        return None
    rows = {question.id: question.row for question in material.questions}

    def features(request: Request) -> dict[str, Floats]:
        row = rows[request.tags["question"]]
        return {name: matrix[row] for name, matrix in material.more_features.items()}

    return features


def _head(job: Job, policy: BasePolicy, material: Material, facts: Mapping[str, str]) -> Opened:
    config = job_document(job)
    # What was trained elsewhere is not made again from the configuration alone.
    begun = material.prepared is not None or FITTED in config
    return Opened(
        learner=learner_name(job),
        at=time.time(),
        seed=job.seed,
        policy=policy.name,
        policy_version="",
        config=config,
        features=material.fingerprints,
        facts={**facts, "architecture": machine()},
        start_state=policy.save() if begun and policy.restorable else None,
    )
