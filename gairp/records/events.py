"""The events of the interaction log, in the order in which each learner went through them.

    Opened                     a process began to write: who learns, with what, from which seed
    Decided ─ Called ─ Settled an arm was chosen, then each wire call to it: intent, settlement
    Observed                   a decision's calls are over: cost, latency and error are known
    Graded                     a grader has said how good the answer is
    Learned                    quality arrived, and the policy was about to learn it

`learner` and `decision_id` together name a decision. Arrays of float64 are little-endian bytes, so
that what is read back is what was written, bit for bit. Content is kept only where the log's
owner asked for it; its hash always is.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from gairp.types import Budget, Failure, Floats, Kind, Usage

Billing = Literal["billed", "free", "unknown", "cached"]
SCHEMA_VERSION = 1


class Opened(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="opened"):
    """The head of everything that one process writes; a resumed run opens anew."""

    learner: str
    at: float  #: Unix time
    seed: int
    policy: str  #: name of the policy
    policy_version: str
    config: str  #: the policy's configuration as JSON: `_target_` and arguments
    features: Mapping[str, str] = {}  #: name of each stored feature builder -> its fingerprint
    facts: Mapping[str, str] = {}  #: versions, commit, architecture, price date and digest
    start_state: bytes | None = None  #: the policy's state when it began, if it was not fresh
    schema: int = SCHEMA_VERSION


class Decided(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="decided"):
    """A decision, with all that the policy could read of the request."""

    learner: str
    at: float  #: Unix time
    decision_id: str
    request_id: str
    attempt: int
    kind: Kind
    # the context
    now: float  #: seconds on the run's clock
    features: bytes  #: float64 [d]
    candidates: tuple[str, ...]
    expected_cost: bytes  #: float64 [k], USD
    max_cost: bytes  #: float64 [k], USD
    load: tuple[bytes, bytes, bytes, bytes | None] | None = None  #: fields of `Load`, float64 [k]
    budget: Budget | None = None
    # the decision
    arm: str
    propensity: float
    probabilities: tuple[float, ...]
    scores: tuple[float, ...] | None
    policy: str
    policy_version: str
    state_version: int
    reason: str = ""
    branch: str | None = None
    unit: str | None = None
    conditional_propensity: float | None = None
    carried: bool = False  #: a later turn of a sticky session: not drawn anew
    # beside it
    tenant: str | None = None
    session: str | None = None
    category: str | None = None
    tags: Mapping[str, str] = {}
    prompt_hash: str = ""  #: blake2b of the messages
    more_features: Mapping[str, bytes] = {}  #: of `log.features`: name -> float64 [d']
    content: Any = None  #: the messages, where content is kept
    #: Drawn by a copy of the policy, as it stood after so many events of this log; None: by the
    #: policy itself.
    as_of: int | None = None


class Called(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="called"):
    """The intent: this call is about to be made, and this much is reserved for it."""

    learner: str
    at: float
    call_id: str
    decision_id: str
    arm: str
    model: str  #: the one that is asked
    reserved_usd: float = 0.0
    reserved_tokens: int = 0


class Settled(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="settled"):
    """How one call ended and what it cost."""

    learner: str
    at: float
    call_id: str
    decision_id: str
    arm: str
    model: str  #: the one that answered
    usage: Usage
    cost_usd: float
    billing: Billing
    first_token_s: float = math.nan
    inter_token_s: float = math.nan
    latency_s: float = math.nan
    queue_s: float = 0.0
    finish_reason: str = ""
    signals: Mapping[str, float] = {}
    error: Failure | None = None
    response_hash: str = ""  #: blake2b of the content
    content: str | None = None  #: where content is kept


class Ended(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One attempt of an outcome: its decision, its last call, the cost of all its calls."""

    decision_id: str
    call_id: str
    cost_usd: float
    calls: int = 1


class Observed(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="observed"):
    """An outcome, as the policy was told of it."""

    learner: str
    at: float
    decision_id: str
    request_id: str
    attempts: tuple[Ended, ...]
    total_cost_usd: float
    latency_s: float
    completed_at: float
    refused: bool = False


class Learned(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="learned"):
    """Feedback that the policy learned from, or would have if it learned at all."""

    learner: str
    at: float
    decision_id: str
    quality: float
    source: str
    received_at: float


class Graded(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="graded"):
    """What a grader said of an answer, whether or not a policy will learn it (a shadow's is not).

    Not an event of the learner: replaying a log passes over it.
    """

    learner: str
    at: float
    decision_id: str
    quality: float  #: in [0, 1]; NaN where the grader could not say
    status: str  #: as in `gairp.rewards.graders.Grade`
    source: str  #: the grader's name
    cost_usd: float = 0.0  #: of the models that the grader asked


Event = Opened | Decided | Called | Settled | Observed | Learned | Graded


#: numpy's own float64, where that is what is written; a check of identity is the cheapest.
_FLOAT64 = np.dtype(np.float64) if sys.byteorder == "little" else np.dtype("<f8")


def packed(values: Floats) -> bytes:
    """Little-endian float64 bytes of a vector."""
    if values.dtype is not _FLOAT64:
        values = np.ascontiguousarray(values, dtype="<f8")
    return values.tobytes()


def packed_each(*vectors: Floats) -> list[bytes]:
    """As `packed`, of each."""
    return [v.tobytes() if v.dtype is _FLOAT64 else packed(v) for v in vectors]


def unpacked(data: bytes) -> Floats:
    """The vector that `packed` wrote."""
    return np.frombuffer(data, dtype="<f8").astype(np.float64, copy=True)
