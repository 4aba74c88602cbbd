"""What a promotion leaves behind: a version in the registry, and the alias on it."""

from __future__ import annotations

import base64
import json
from typing import Any

from gairp.errors import StateError
from gairp.runners.evaluate.candidate import Candidate
from gairp.runners.evaluate.settings import Registry
from gairp.runners.replay.opening import JOB_KEYS


def promoted(candidate: Candidate, registry: Registry, line: str) -> str:
    """Register the candidate as it was evaluated and move the alias; what was done.

    One that the registry holds as it was evaluated is not registered again.
    """
    from gairp.tracking.registry import PolicyRegistry

    store, held = PolicyRegistry(registry.uri), candidate.held
    if held is not None and held.model == registry.model and not candidate.learned:
        version = held.version
        store.tag(held.model, version, {"verdict": line})
    else:
        document = policy_document(candidate)
        version = store.register(registry.model, document, tags={"verdict": line})
    before = store.set_alias(registry.model, registry.alias, version)
    moved = f"from version {before}" if before else "for the first time"
    return f"{registry.alias} of {registry.model} now is version {version}, {moved}"


def policy_document(candidate: Candidate) -> dict[str, Any]:
    """What rebuilds the policy: the keys of a job, the features that it reads, its state."""
    if candidate.held is not None:
        return {**candidate.held.document, "state": _state(candidate)}
    logged = json.loads(candidate.opened.config)
    job = {key: logged.get(key) for key in JOB_KEYS}
    return {
        **job,
        "policy": candidate.name,
        "config": dict(candidate.config),
        "floor": candidate.floor,
        "cost_weight": None,
        "reads": candidate.reads,
        "features": dict(candidate.opened.features),
        "state": _state(candidate),
    }


def _state(candidate: Candidate) -> str | None:
    """Its state in base64; None where it has none that could be restored."""
    try:
        return base64.b64encode(candidate.policy.save()).decode("ascii")
    except StateError:
        return None
