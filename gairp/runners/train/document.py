"""What the registry keeps of a trained policy."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.features import FeatureBuilder, FeatureSpec
from gairp.policies.base import BasePolicy
from gairp.policies.state import pack
from gairp.policies.trained_for import TrainedFor, learned_utility
from gairp.runners.replay.job import Job
from gairp.runners.replay.opening import job_document


def trained_document(
    job: Job,
    policy: BasePolicy,
    *,
    arms: tuple[str, ...],
    builder: FeatureBuilder,
    features: Mapping[str, Any],
    facts: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that makes the policy and its features again, as JSON values.

    `features` is the configuration of `builder`, which goes along in its fitted state.
    """
    trained_for = TrainedFor(
        arms=arms,
        features=FeatureSpec.of(builder),
        utility=policy.utility.describe() if learned_utility(policy) else None,
    )
    return {
        **json.loads(job_document(job)),
        "reads": "",
        "features": {"": builder.fingerprint()},
        "state": _text(policy.save()),
        "trained_for": msgspec.to_builtins(trained_for),
        "builder": dict(features),
        "builder_state": _text(pack(dict(builder.state()))),
        "facts": dict(facts),
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
