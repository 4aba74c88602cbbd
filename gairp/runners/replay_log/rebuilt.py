"""From the head of a learner's log back to its policy, or the reason why not."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gairp.errors import DataError, GairpError, StateError, UnknownNameError
from gairp.policies.base import BasePolicy
from gairp.records.events import SCHEMA_VERSION, Opened
from gairp.records.surroundings import VERSIONED, surroundings
from gairp.runners.replay.job import Job, Protocol, build_policy
from gairp.runners.replay.opening import JOB_KEYS

#: What may differ between the writer of a log and this process, where it is allowed by name.
ALLOWABLE = ("schema", "architecture", "policy_version", *VERSIONED)


def check_allowed(names: Collection[str]) -> None:
    """Raise UnknownNameError for a name that no difference has."""
    for name in names:
        if name not in ALLOWABLE:
            raise UnknownNameError("difference in `allow`", name, ALLOWABLE)


def rebuilt(event: Opened, allow: Collection[str] = ()) -> tuple[BasePolicy, list[str]]:
    """The policy in the state in which it began, and the differences that were allowed.

    Raises DataError, naming the learner, where the policy cannot be rebuilt or where anything
    differs on which a decision's last bit may depend.
    """
    policy = built(job_of(event), event.learner)
    found = dict(_differences(event, policy))
    if refused := [text for name, text in found.items() if name not in allow]:
        names = ",".join(sorted(found))
        raise DataError(
            f"learner {event.learner!r} cannot be repeated exactly here: {'; '.join(refused)}. "
            f"Use what wrote the log, or try all the same with 'allow=[{names}]'"
        )
    if event.start_state is not None:
        try:
            policy.load(event.start_state)
        except StateError as error:
            raise DataError(
                f"learner {event.learner!r}: the state it began with cannot be taken up: {error}"
            ) from error
    return policy, list(found.values())


def built(job: Job, learner: str) -> BasePolicy:
    """The policy of a job; DataError where its class or an argument is not to be had."""
    from hydra.errors import InstantiationException

    try:
        return build_policy(job)
    except InstantiationException as error:
        if isinstance(error.__cause__, GairpError):
            raise error.__cause__ from error
        raise DataError(
            f"learner {learner!r}: its policy {job.config.get('_target_')!r} cannot be built here "
            f"({error.__cause__ or error}); install what it needs, or check out the code that "
            "wrote the log"
        ) from error


def job_of(event: Opened) -> Job:
    """The job whose document stands in the event."""
    try:
        document: Mapping[str, Any] = json.loads(event.config)
        arguments = {key: document[key] for key in JOB_KEYS}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"learner {event.learner!r}: its Opened event does not say how to rebuild the policy "
            f"({type(error).__name__}: {error}); the log was written by something else"
        ) from error
    return Job(**arguments, protocol=Protocol())


def _differences(event: Opened, policy: BasePolicy) -> Iterator[tuple[str, str]]:
    """What is another than it was when the log was written: name and sentence."""
    if event.schema != SCHEMA_VERSION:
        yield "schema", f"schema {event.schema} in the log, {SCHEMA_VERSION} here"
    version = getattr(policy, "version", "")
    if event.policy_version != version:
        yield (
            "policy_version",
            f"version {event.policy_version!r} of the policy in the log, {version!r} here",
        )
    here = surroundings()
    for fact, then in event.facts.items():
        name = fact.removeprefix("version_")
        now = here.get(fact, "absent")
        if name in ALLOWABLE and now != then:
            yield name, f"{name} {then} in the log, {now} here"
