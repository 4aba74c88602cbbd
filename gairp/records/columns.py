"""The interaction log as tables: one kind of event each, field by field.

The one source of what compaction writes, what is read back, and what docs/records.md says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gairp.records.events import (
    Called,
    Decided,
    Event,
    Graded,
    Learned,
    Observed,
    Opened,
    Settled,
)


class Column(NamedTuple):
    """One column of a table."""

    name: str
    #: As in `arrow_columns`; a "?" says that it may be null.
    type: str
    unit: str
    meaning: str
    #: Where it is in the event: attributes, or a place in a tuple. By default the name.
    path: tuple[str | int, ...] = ()

    @property
    def steps(self) -> tuple[str | int, ...]:
        """`path`, or the name."""
        return self.path or (self.name,)


SEQ = Column("seq", "int64", "", "position in the log; the order of all events of all kinds")
AT = Column("at", "float64", "s", "Unix time; in a replay seconds on the run's own clock")
_DECISION = Column("decision_id", "string", "", "the decision; unique within its learner")
_REQUEST = Column("request_id", "string", "", "the request")
_CALL = Column("call_id", "string", "", "the wire call: decision id and number")
_ARM = Column("arm", "label", "", "the arm that was asked")

TABLES: Mapping[type[Event], tuple[Column, ...]] = {
    Opened: (
        AT,
        Column("seed", "int64", "", "of every decision's randomness"),
        Column("policy", "label", "", "name of the policy"),
        Column("policy_version", "label", "", "its version, where it has one"),
        Column("config", "string", "", "the policy's `_target_` and arguments, as JSON"),
        Column("features", "texts", "", "name of a stored feature builder -> fingerprint"),
        Column("facts", "texts", "", "versions, commit, architecture, price date and digest"),
        Column("start_state", "bytes?", "", "the policy's state; null for a fresh policy"),
        Column("schema", "int64", "", "version of this schema"),
    ),
    Decided: (
        AT,
        _DECISION,
        _REQUEST,
        Column("attempt", "int64", "", "0 for the first decision of a request"),
        Column("kind", "label", "", "primary, escalation, fallback, hedge or shadow"),
        Column("now", "float64", "s", "on the run's clock"),
        Column("features", "vector", "", "what the policy read of the request"),
        Column("candidates", "labels", "", "arm names in the order of all vectors over them"),
        Column("expected_cost", "vector", "USD", "of a call, by candidate; NaN unknown"),
        Column("max_cost", "vector", "USD", "an upper bound, by candidate; NaN unknown"),
        Column("load_in_flight", "vector?", "calls", "by candidate", ("load", 0)),
        Column("load_queued", "vector?", "calls", "by candidate", ("load", 1)),
        Column("load_recent_latency_s", "vector?", "s", "by candidate", ("load", 2)),
        Column("load_kv_cache_use", "vector?", "share", "by candidate; NaN unknown", ("load", 3)),
        Column("budget_left_usd", "float64?", "USD", "money left", ("budget", "left_usd")),
        Column("budget_total_usd", "float64?", "USD", "money at first", ("budget", "total_usd")),
        Column(
            "budget_horizon_left", "float64?", "share", "of time or requests left",
            ("budget", "horizon_left"),
        ),
        Column(
            "budget_cap_per_request_usd", "float64?", "USD", "infinite where there is none",
            ("budget", "cap_per_request_usd"),
        ),
        Column("budget_key", "label?", "", "opaque", ("budget", "key")),
        Column("arm", "label", "", "the arm that was chosen"),
        Column("propensity", "float64", "", "probability with which it was chosen"),
        Column("probabilities", "floats", "", "over the candidates; they sum to 1"),
        Column("scores", "floats?", "", "the policy's scores of the candidates"),
        Column("policy", "label", "", "name of the policy"),
        Column("policy_version", "label", "", "its version, where it has one"),
        Column("state_version", "int64", "", "updates that the policy had applied"),
        Column("reason", "label", "", "why, where there is more to say than the probabilities"),
        Column("branch", "label?", "", "of a rule that assigns branches"),
        Column("unit", "string?", "", "what the branch is assigned to; estimates cluster by it"),
        Column("conditional_propensity", "float64?", "", "given the branch"),
        Column("carried", "bool", "", "a later turn of a sticky session: not drawn anew"),
        Column("tenant", "label?", "", "who asked"),
        Column("session", "string?", "", "the conversation"),
        Column("category", "label?", "", "of the request, where it has one"),
        Column("tags", "texts", "", "of the request"),
        Column("prompt_hash", "string", "", "blake2b-128 of the messages; empty without any"),
        Column("more_features", "vectors", "", "of further builders, by their name"),
        Column("content", "any", "", "the messages as JSON, where content is kept"),
        Column("as_of", "int64?", "", "drawn from the state after so many events; null: now"),
    ),
    Called: (
        AT,
        _CALL,
        _DECISION,
        _ARM,
        Column("model", "label", "", "the model that is asked"),
        Column("reserved_usd", "float64", "USD", "held back until the call is settled"),
        Column("reserved_tokens", "int64", "tokens", "held back until the call is settled"),
    ),
    Settled: (
        AT,
        _CALL,
        _DECISION,
        _ARM,
        Column("model", "label", "", "the model that really answered"),
        Column(
            "input_tokens", "float64", "tokens", "billed; NaN unknown", ("usage", "input_tokens")
        ),
        Column(
            "output_tokens", "float64", "tokens", "billed; NaN unknown", ("usage", "output_tokens")
        ),
        Column(
            "cached_tokens", "float64", "tokens", "of the input, read from the provider's cache",
            ("usage", "cached_tokens"),
        ),
        Column("usage_source", "label", "", "reported, recounted or partial", ("usage", "source")),
        Column(
            "reported_input", "float64", "tokens", "as the server said, where it was not believed",
            ("usage", "reported_input"),
        ),
        Column(
            "reported_output", "float64", "tokens", "as the server said, where it was not believed",
            ("usage", "reported_output"),
        ),
        Column("cost_usd", "float64", "USD", "of this call; NaN unknown"),
        Column("billing", "label", "", "billed, free, unknown or cached"),
        Column("first_token_s", "float64", "s", "time to the first token; NaN unknown"),
        Column("inter_token_s", "float64", "s", "mean time between pieces; NaN unknown"),
        Column("latency_s", "float64", "s", "to the last byte; NaN unknown"),
        Column("queue_s", "float64", "s", "waited for a free place, before the call"),
        Column("finish_reason", "label", "", "as the server said"),
        Column("signals", "numbers", "", "of the answer, by name: logprobs, agreement"),
        Column("error_kind", "label?", "", "null where the call succeeded", ("error", "kind")),
        Column("error_message", "string?", "", "what, where, remedy", ("error", "message")),
        Column("error_status", "int64?", "", "of HTTP", ("error", "status")),
        Column(
            "error_retry_after_s", "float64?", "s", "as the server asked",
            ("error", "retry_after_s"),
        ),
        Column(
            "error_started", "bool?", "", "some of the answer had arrived", ("error", "started")
        ),
        Column(
            "error_billing_unknown", "bool?", "", "the server may charge for it",
            ("error", "billing_unknown"),
        ),
        Column("response_hash", "string", "", "blake2b-128 of the content; empty without any"),
        Column("content", "string?", "", "of the answer, where content is kept"),
    ),
    Observed: (
        AT,
        _DECISION,
        _REQUEST,
        Column("attempts", "ended", "USD", "each decision, its last call, cost and count of calls"),
        Column("total_cost_usd", "float64", "USD", "of all attempts; NaN unknown"),
        Column("latency_s", "float64", "s", "from arrival to the last byte; NaN unknown"),
        Column("completed_at", "float64", "s", "on the run's clock"),
        Column("refused", "bool", "", "no affordable or able candidate was left"),
    ),
    Learned: (
        AT,
        _DECISION,
        Column("quality", "float64", "", "in [0, 1]"),
        Column("source", "label", "", "who said so: trace, failure, or a grader"),
        Column("received_at", "float64", "s", "on the run's clock"),
    ),
    Graded: (
        AT,
        _DECISION,
        Column("quality", "float64", "", "in [0, 1]; NaN where the grader could not say"),
        Column("status", "label", "", "how the grading ended"),
        Column("source", "label", "", "the grader's name"),
        Column("cost_usd", "float64", "USD", "of the models that the grader asked"),
    ),
}  # fmt: skip


def kind_of(cls: type[Event]) -> str:
    """The name of a kind of event: that of its folder."""
    return str(cls.__struct_config__.tag)


KINDS: Mapping[str, type[Event]] = {kind_of(cls): cls for cls in TABLES}
