"""The head of a job's interaction log: all that is needed to rebuild its learner."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gairp.policies.base import BasePolicy
from gairp.records.events import Opened
from gairp.records.surroundings import surroundings
from gairp.runners.replay.key import git_commit
from gairp.runners.replay.prepared import Prepared

if TYPE_CHECKING:
    from gairp.runners.replay.job import Job

#: The arguments of `Job` that `build_policy` reads.
JOB_KEYS = ("policy", "config", "seed", "utility", "floor", "cost_weight")


def opened(job: Job, policy: BasePolicy, prepared: Prepared) -> Opened:
    """The head of the log of a policy that is about to be reported on."""
    return Opened(
        learner=learner_name(job),
        at=0.0,
        seed=job.seed,
        policy=policy.name,
        policy_version="",
        config=job_document(job),
        features={"": prepared.feature_fingerprint},
        facts={**prepared.facts, **surroundings(), "git_commit": git_commit()},
        start_state=policy.save() if policy.restorable else None,
    )


def learner_name(job: Job) -> str:
    """Policy and seed."""
    return f"{job.policy}-{job.seed}"


def job_document(job: Job) -> str:
    """What rebuilds the policy, as JSON."""
    return json.dumps({key: getattr(job, key) for key in JOB_KEYS}, sort_keys=True)
