"""The values that pass between the parts: immutable, slotted, keyword-only.

Money is in USD, time in seconds, tokens are counts. A quantity that nobody measured is NaN (or
None where it is optional), never zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Operation = Literal["chat", "completion", "embedding", "response"]
Kind = Literal["primary", "escalation", "fallback", "hedge", "shadow"]


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a client asks for."""

    id: str
    operation: Operation = "chat"
    messages: tuple[Mapping[str, Any], ...] = ()
    params: Mapping[str, Any] = {}
    raw_body: bytes | None = None  #: for byte-faithful passthrough
    tenant: str | None = None
    session: str | None = None
    arrived_at: float = 0.0  #: seconds on the run's clock
    tags: Mapping[str, str] = {}


class Arm(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a policy chooses: a model with a recipe on a backend."""

    name: str
    model: str  #: the upstream model's name
    recipe: Mapping[str, Any] = {}  #: prompt template, samples, decoding parameters
    backend: str = "recorded"
    context_window: int | None = None
    capabilities: frozenset[str] = frozenset()
    price_key: str | None = None


class Load(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How busy each candidate is; arrays are aligned with `Context.candidates`."""

    in_flight: Floats
    queued: Floats
    recent_latency_s: Floats


class Budget(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Money left; the key is opaque, so that a policy knows no tenant."""

    left_usd: float
    total_usd: float
    horizon_left: float  #: share of the horizon that is left, in [0, 1]
    cap_per_request_usd: float = math.inf
    key: str = ""


class Context(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that a policy may read. Outcomes never reach it.

    Instead of a view of the request it holds the request's features: what is not a feature is
    not logged for learning, and a rule that a log cannot replay is not a policy.
    """

    request_id: str
    features: Floats  #: [d]
    candidates: tuple[str, ...]  #: k arm names, in a fixed order
    expected_cost: Floats  #: [k], USD a request, an estimate made before the call; NaN unknown
    max_cost: Floats  #: [k], USD, an upper bound; in a replay the largest seen on the fitted part
    now: float = 0.0
    load: Load | None = None
    budget: Budget | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which arm, with what probability, decided by whom."""

    id: str
    request_id: str
    arm: str
    propensity: float
    probabilities: tuple[float, ...]  #: aligned with the context's candidates
    policy: str
    state_version: int  #: updates that the policy had applied
    kind: Kind = "primary"
    scores: tuple[float, ...] | None = None
    policy_version: str = ""
    attempt: int = 0
    branch: str | None = None
    unit: str | None = None
    conditional_propensity: float | None = None
    reason: str = ""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Tokens of one call."""

    input_tokens: float = math.nan
    output_tokens: float = math.nan
    cached_tokens: float = 0.0


NO_USAGE = Usage()
NO_SIGNALS: Mapping[str, float] = {}


class Response(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a backend gave back."""

    model: str  #: the model that really served
    content: str = ""
    usage: Usage = NO_USAGE
    first_token_s: float = math.nan
    latency_s: float = math.nan
    cost_usd: float = math.nan  #: what the source itself recorded, if it did
    finish_reason: str = "stop"
    signals: Mapping[str, float] = NO_SIGNALS
    error: str | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One call of one arm and what it cost."""

    decision: Decision
    response: Response
    cost_usd: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a request ended."""

    request_id: str
    attempts: tuple[Attempt, ...]
    total_cost_usd: float
    latency_s: float  #: from arrival to the last byte, all attempts
    completed_at: float
    refused: bool = False  #: no affordable or able candidate


class Feedback(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How good the answer of one decision was."""

    decision_id: str
    quality: float  #: in [0, 1]
    source: str = "trace"
    received_at: float = 0.0


class TrainingSet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Full-information outcomes of n prompts on k arms, for `Trainable.fit`."""

    arms: tuple[str, ...]
    features: Floats  #: [n, d]
    score: Floats  #: [n, k]
    cost_usd: Floats  #: [n, k]; NaN where unknown
    latency_s: Floats  #: [n, k]; NaN where unknown
    observed: NDArray[np.bool_]  #: [n, k]
