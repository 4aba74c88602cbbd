"""Two decisions side by side, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gairp.types import Decision

#: In the order in which a difference is told; what follows from another comes after it.
_FIELDS = (
    *("arm", "propensity", "probabilities", "scores", "state_version"),
    *("branch", "unit", "conditional_propensity", "policy", "policy_version"),
)


def differing(logged: Decision, again: Decision) -> Iterator[str]:
    """The fields in which they differ; a NaN equals the same NaN, and 0.0 is not -0.0."""
    for name in _FIELDS:
        if _bits(getattr(logged, name)) != _bits(getattr(again, name)):
            yield name


def told(logged: Decision, again: Decision, field: str) -> str:
    """One difference, with both values."""
    return (
        f"decision {logged.id}: {field} is {getattr(logged, field)!r} in the log, "
        f"{getattr(again, field)!r} now"
    )


def _bits(value: object) -> bytes:
    return msgspec.msgpack.encode(value)
