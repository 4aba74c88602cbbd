"""The record of a decision: one row an attempt. Written by replays, read by evaluation."""

from __future__ import annotations

from typing import Any, NamedTuple


class Field(NamedTuple):
    """One column of the record."""

    name: str
    type: str  #: string, int64, float64, dictionary, list<float64>
    unit: str
    meaning: str


FIELDS = (
    Field("request_id", "string", "", "the request (a trace's prompt id)"),
    Field("decision_id", "string", "", "request id and attempt; feedback names it"),
    Field("kind", "dictionary", "", "primary, escalation, fallback, hedge or shadow"),
    Field("attempt", "int64", "", "0 for the first call of a request"),
    Field("decided_at", "float64", "s", "on the run's clock"),
    Field("completed_at", "float64", "s", "on the run's clock; the whole request"),
    Field("candidates", "dictionary", "", "arm names in the order of the context, as JSON"),
    Field("arm", "dictionary", "", "the arm that was chosen"),
    Field("propensity", "float64", "", "probability with which the arm was chosen"),
    Field("probabilities", "list<float64>", "", "over the candidates; they sum to 1"),
    Field("scores", "list<float64>", "", "the policy's scores of the candidates; null if none"),
    Field("policy", "dictionary", "", "name of the policy"),
    Field("state_version", "int64", "", "updates the policy had applied when it decided"),
    Field("input_tokens", "float64", "tokens", "as reported; NaN where unknown"),
    Field("output_tokens", "float64", "tokens", "as reported; NaN where unknown"),
    Field("cost_usd", "float64", "USD", "of this attempt; NaN where unknown"),
    Field("first_token_s", "float64", "s", "time to the first token; NaN where unknown"),
    Field("latency_s", "float64", "s", "to the last byte of this attempt; NaN where unknown"),
    Field("error", "string", "", "null where the call succeeded"),
    Field("quality", "float64", "", "in [0, 1], what the trace says; NaN where unknown"),
)


def arrow_schema() -> Any:
    """The schema as pyarrow sees it."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "dictionary": pa.dictionary(pa.int32(), pa.string()),
        "list<float64>": pa.list_(pa.float64()),
    }
    return pa.schema([pa.field(field.name, types[field.type]) for field in FIELDS])


def markdown() -> str:
    """The table of the documentation."""
    lines = ["| column | type | unit | meaning |", "|---|---|---|---|"]
    lines += [f"| `{f.name}` | {f.type} | {f.unit} | {f.meaning} |" for f in FIELDS]
    return "\n".join(lines) + "\n"
