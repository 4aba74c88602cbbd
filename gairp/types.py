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
FailureKind = Literal[
    "not_recorded", "connection", "timeout", "rate_limit", "server", "conflict", "auth",
    "forbidden", "not_found", "context_overflow", "bad_request", "malformed", "truncated",
    "unavailable", "cancelled",
]  # fmt: skip


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
    #: worked examples of the same kind, (question, answer), for arms whose recipe asks for shots
    examples: tuple[tuple[str, str], ...] = ()
    fields: Mapping[str, str] = {}  #: named texts that templates of recipes may hold, as {hint}
    continued: bool = False  #: the messages are whole: the recipe's texts are in earlier turns


class Arm(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a policy chooses: a model with a recipe on a backend.

    The recipe may hold `system` (text before the conversation, where that has none of its own),
    `shots` (how many of the request's examples come first, as earlier turns), `ask` (a template of
    the last user message with `{prompt}` or one of the request's `fields` in it), `params` (fields
    of the body, such as temperature or max_tokens, which the request's own override) and
    `closing` (a second call where the first gave no answer; recordings alone make it).
    """

    name: str
    model: str  #: the upstream model's name
    recipe: Mapping[str, Any] = {}
    backend: str = "recorded"
    context_window: int | None = None
    capabilities: frozenset[str] = frozenset()
    price_key: str | None = None


class Load(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How busy each candidate is; arrays are aligned with `Context.candidates`."""

    in_flight: Floats
    queued: Floats
    recent_latency_s: Floats
    kv_cache_use: Floats | None = None  #: share in use, as the server says; NaN unknown


class ServerLoad(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How busy one server says it is; NaN for what it does not say."""

    running: float = math.nan  #: requests being answered
    queued: float = math.nan  #: requests that wait
    kv_cache_use: float = math.nan  #: share of the key-value cache in use, in [0, 1]


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
    """Tokens of one call: what is billed, and what the server reported where that differs."""

    input_tokens: float = math.nan
    output_tokens: float = math.nan
    cached_tokens: float = 0.0
    #: "recounted" where the report was missing or implausible, "partial" for a broken answer
    source: Literal["reported", "recounted", "partial"] = "reported"
    reported_input: float = math.nan  #: as the server said, kept where it was not believed
    reported_output: float = math.nan


class Failure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why a call gave no whole answer."""

    kind: FailureKind
    message: str  #: what, where and the remedy; holds no secret
    status: int | None = None  #: of HTTP, where there was one
    retry_after_s: float | None = None  #: as the server asked
    started: bool = False  #: some of the answer had arrived
    #: the server may have worked and may charge for it, though nobody can say how much
    billing_unknown: bool = False

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed a moment later."""
        return self.kind in _PASSING

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


_PASSING = frozenset(
    {"connection", "timeout", "rate_limit", "server", "conflict", "malformed", "truncated"}
)


NO_USAGE = Usage()
NO_SIGNALS: Mapping[str, float] = {}


class Response(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a backend gave back."""

    model: str  #: the model that really served
    content: str = ""
    message: Mapping[str, Any] | None = None  #: the whole message where it has more than content
    usage: Usage = NO_USAGE
    first_token_s: float = math.nan
    latency_s: float = math.nan
    inter_token_s: float = math.nan  #: mean time between pieces of a stream
    queue_s: float = 0.0  #: waited for a free place before the call, not part of `latency_s`
    cost_usd: float = math.nan  #: what the source itself recorded, if it did
    finish_reason: str = "stop"
    signals: Mapping[str, float] = NO_SIGNALS
    cached: bool = False  #: from the response cache: nothing was called or billed
    digest: str = ""  #: blake2b of the answer's bytes, where they passed through and are not kept
    error: Failure | None = None


class Chunk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of a streamed answer; the last one carries the whole response."""

    text: str = ""
    event: Mapping[str, Any] | None = None  #: the event as the server sent it
    response: Response | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One decision, the last response to it, and what all its calls cost."""

    decision: Decision
    response: Response
    cost_usd: float
    calls: int = 1  #: above 1 where the call was retried


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
    signals: Mapping[str, Floats] = {}  #: name -> [n, k], what came with the answers; NaN unknown

    def rows(self, rows: NDArray[Any]) -> TrainingSet:
        """The outcomes of these prompts: positions, or a mask."""
        return msgspec.structs.replace(
            self,
            features=self.features[rows],
            score=self.score[rows],
            cost_usd=self.cost_usd[rows],
            latency_s=self.latency_s[rows],
            observed=self.observed[rows],
            signals={name: table[rows] for name, table in self.signals.items()},
        )
