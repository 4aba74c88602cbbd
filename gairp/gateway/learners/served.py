"""One policy in service: its router, its joiner, its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gairp.errors import ConfigError
from gairp.features import FeatureBuilder
from gairp.gateway.learners.recipe import PolicyRecipe
from gairp.policies.base import BasePolicy
from gairp.policies.cascade.signals import OF_EVERY_ANSWER
from gairp.protocols import Clock
from gairp.records.events import Opened
from gairp.records.surroundings import surroundings
from gairp.routing.event_log import EventLog, Sink
from gairp.routing.joiner import FeedbackJoiner
from gairp.routing.router import Gate, Retries, Router
from gairp.types import Arm, Decision, Response

_NO_FACTS: Mapping[str, str] = {}


@dataclass(slots=True)
class Served:
    """`name` is the policy's as clients know it, `learner` its name in the log: `auto@1`."""

    name: str
    version: str
    recipe: PolicyRecipe
    policy: BasePolicy
    builder: FeatureBuilder  #: for all policies: a challenger on the log may read features
    joiner: FeedbackJoiner
    router: Router
    log: EventLog
    arms: tuple[str, ...]

    @property
    def learner(self) -> str:
        """What the log calls it: another version is another learner."""
        return self.log.learner


def learner_name(name: str, version: str) -> str:
    """Policy and version."""
    return f"{name}@{version}"


def serve(
    recipe: PolicyRecipe,
    *,
    version: str,
    policy: BasePolicy,
    builder: FeatureBuilder,
    arms: Mapping[str, Arm],
    clock: Clock,
    sink: Sink,
    gate: Gate,
    retry: Retries | None,
    bill: Callable[[Decision, Response], float],
    reserved: Callable[[str], tuple[float, int]],
    fallbacks: int,
    capacity: int,
    copy: bool = False,
) -> Served:
    """Everything around a policy that stands as it should begin; a `copy` learns nothing."""
    log = EventLog(
        learner=learner_name(recipe.policy, version),
        sink=sink,
        arms=arms,
        reserved=reserved,
        words=False,
    )
    joiner = FeedbackJoiner(policy, capacity=capacity, log=log)
    router = Router(
        policy=policy,
        seed=recipe.seed,
        clock=clock,
        joiner=None if copy else joiner,
        bill=bill,
        retry=retry,
        gate=gate,
        log=log,
        fallbacks=fallbacks,
    )
    return Served(
        name=recipe.policy,
        version=version,
        recipe=recipe,
        policy=policy,
        builder=builder,
        joiner=joiner,
        router=router,
        log=log,
        arms=tuple(arms),
    )


def require_servable(served: Served) -> None:
    """Raise ConfigError for a cascade that is untrained, or reads what no answer here brings."""
    policy = served.policy
    foreign = [name for name in policy.reads_signals if name not in OF_EVERY_ANSWER]
    if foreign:
        raise ConfigError(
            f"policies.{served.name}: it reads {', '.join(map(repr, foreign))} of an answer, and "
            f"answers at the gateway bring {', '.join(OF_EVERY_ANSWER)} alone; fit it with "
            "signals that they bring"
        )
    if policy.escalates and not policy.fitted:
        raise ConfigError(
            f"policies.{served.name}: a cascade must be fitted before it is served; register it "
            "with its state and serve that (uri: models:/NAME@ALIAS)"
        )


def head(served: Served, facts: Mapping[str, str] = _NO_FACTS, *, state: bool = True) -> Opened:
    """The head of its log, from which the policy can be made again; a copy's has no state."""
    policy = served.policy
    return Opened(
        learner=served.learner,
        at=time.time(),
        seed=served.recipe.seed,
        policy=policy.name,
        policy_version="",
        config=served.recipe.document(),
        features={"": served.builder.fingerprint()},
        facts={**surroundings(), "version": served.version, **facts},
        start_state=policy.save() if policy.restorable and state else None,
    )
