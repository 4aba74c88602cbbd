"""The trace schema, field by field: the one place that names columns, units and ranges.

`docs/trace_schema.md` is made from it: `python -m gairp.traces.schema > docs/trace_schema.md`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaField:
    """One field of a trace: what it means, in which unit, where it comes from."""

    name: str  #: canonical name, also the key of the column mapping
    type: str  #: type in `Trace`, with shape
    unit: str
    range: str
    tables: str  #: which table of the user's may hold it
    default: str  #: column names tried when the mapping is silent
    required: bool
    meaning: str


def _field(
    name: str,
    *about: str,
    unit: str = "–",
    range: str = "any text",
    tables: str = "outcomes",
    required: bool = False,
    default: str = "",
) -> SchemaField:
    kind, meaning = about
    return SchemaField(
        name=name,
        type=kind,
        unit=unit,
        range=range,
        tables=tables,
        default=default or name,
        required=required,
        meaning=meaning,
    )


FIELDS: tuple[SchemaField, ...] = (
    _field(
        "prompt_id",
        "text [n]",
        "Names a prompt; unique in the prompts table, joins the two tables.",
        range="not empty",
        tables="both",
        required=True,
    ),
    _field(
        "model",
        "text [k]",
        "The arm that answered; long layout only. Becomes `Trace.arms`, sorted by name.",
        range="not empty",
        required=True,
    ),
    _field(
        "score",
        "float64 [n, k]",
        "Quality of the answer. NaN in the trace = the pair was not recorded; never imputed.",
        unit="quality",
        range="[0, 1]",
        required=True,
    ),
    _field(
        "input_tokens",
        "float64 [n, k]",
        "Prompt tokens that the arm was given; from the prompts table where outcomes lack it.",
        unit="tokens",
        range=">= 0",
        tables="either",
    ),
    _field(
        "output_tokens",
        "float64 [n, k]",
        "Tokens that the arm produced, all calls of its recipe together.",
        unit="tokens",
        range=">= 0",
    ),
    _field(
        "cost_usd",
        "float64 [n, k]",
        "Cost of the answer, all calls together. `cost_usd_est` is noted as estimated.",
        unit="USD",
        range=">= 0",
        default="cost_usd, cost_usd_est",
    ),
    _field(
        "ttft_s",
        "float64 [n, k]",
        "Time from request to first token.",
        unit="seconds",
        range=">= 0",
    ),
    _field(
        "latency_s",
        "float64 [n, k]",
        "Time from request to last token.",
        unit="seconds",
        range=">= 0",
    ),
    _field(
        "prompt",
        "text [n]",
        'What was asked. "" throughout where the source has no text.',
        tables="either",
    ),
    _field(
        "category",
        "text [n]",
        "Task or subject; splits are stratified by it.",
        tables="either",
        default="category, dataset",
    ),
    _field(
        "split",
        "text [n] or absent",
        "The source's own split of the prompt, for studies that keep it.",
        tables="either",
    ),
    _field(
        "signals",
        "float64 [n, k] each",
        "Further numeric columns that cascades read, named by the caller (`signals=(…)`).",
        unit="the source's",
        range="finite, or absent",
        default="none",
    ),
)

DERIVED: tuple[tuple[str, str, str], ...] = (
    ("name", "text", "Name of the trace in reports and logs; not part of the hash."),
    ("arms", "text [k]", "Arm names: sorted, or in the order that the caller gave."),
    ("groups", "int64 [n]", "Equal for near-duplicate prompts; splits and bootstraps use them."),
    (
        "notes",
        "text",
        "What a report must repeat: assumed quantities, estimated costs, clipped scores.",
    ),
)

_INTRO = """\
# Trace schema

<!-- made by: python -m gairp.traces.schema > docs/trace_schema.md -->

A trace says what every arm did with every prompt: *n* prompts, *k* arms. It is read from one or
two tables (Parquet, CSV or JSONL, the last two also gzipped) with
`gairp.traces.adapters.read_trace`.

## Fields

The first column is the key of the column mapping: `columns={"score": "accuracy"}` reads the score
from a column called `accuracy`; `columns={"cost_usd": None}` leaves a quantity out. Where the
mapping is silent, the default columns are tried in order.
"""

_RULES = """\
## Layouts

- **long**: one row a (prompt, model), columns as above.
- **wide**: one row a prompt, one column per arm and quantity. The mapping is a pattern,
  `score: "{arm}_score"` (the default for each quantity is `{arm}_<field>`), or names each arm's
  column, `score: {gpt-4: gpt4_correct, mixtral: mixtral_correct}`. An empty score means that the
  pair was not recorded. A quantity mapped to one plain column holds for all arms.

`prompt`, `category` and `split` come from the prompts table where there is one, else from the
outcomes, where all rows of a prompt must agree.

## What is refused

Each refusal names file, row (data rows counted from 1), column, value and remedy:

- a column that the mapping names, or a required one, is missing;
- a score is missing (long layout) or outside [0, 1]. `score_range=(1, 10)` rescales a scale that
  the caller declares; `clip=True` moves outliers to the nearest end and notes how many;
- tokens, cost or time are negative; any number is infinite, or is not a number;
- a (prompt, model) pair or a prompt id occurs twice (both rows are named);
- a prompt id of the outcomes is not in the prompts table;
- a quantity is known for some rows of an arm and missing in others. Missing for a whole arm (a
  model without a price) is legal: it stays NaN, and the quantity is absent when no arm has it;
- a file is empty or cut off. Parquet and gzip are found wherever they are cut, JSONL inside a
  line, plain CSV where the last row is short or a quote stays open. A cut between two lines of
  plain text cannot be seen, nor one inside the last field of a CSV: a CSV without a final line
  break is noted. Gzip your text files, and a cut always shows.

## What is legal

- A (prompt, model) pair that is missing: `select_pool` keeps the prompts complete for a study's
  arms and counts the others (`missing="drop"`), or keeps them for the replay to reject
  (`missing="reject"`).
- A signal that is missing for some rows: it stays NaN.
- Further columns: ignored.
- `where={"dataset": "mmlu", "contaminated": False}` keeps the rows that agree; it looks in both
  tables.

Parquet's 32-bit floats are read as the shortest decimal that names them, so the same data in
Parquet, CSV and JSONL gives the same numbers and the same `trace_hash`.
A writer that rounds (pandas' `to_json` keeps ten decimals unless told otherwise) writes other data.

## Near-duplicates, splits and streams

`groups` joins prompts that differ in case, spacing or punctuation only, and those that hold the
same numbers and share at least 0.8 (`duplicate_threshold`) of their 3-word shingles, templates
not counted (`gairp.traces.duplicates`). `gairp.traces.splits` keeps a group on one side and logs
a hash of the prompt ids of each part. `gairp.traces.stream.stream_rows` reads files larger than
memory whose rows stand together by prompt.
"""


def schema_markdown() -> str:
    """The schema as the text of `docs/trace_schema.md`."""
    rows = [
        f"| `{f.name}` | {f.type} | {f.unit} | {f.range} | {f.tables} | {f.default} | "
        f"{'yes' if f.required else 'no'} | {f.meaning} |"
        for f in FIELDS
    ]
    head = "| field | type | unit | range | table | default columns | required | meaning |"
    derived = [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in DERIVED]
    return "\n".join(
        [
            _INTRO,
            head,
            "|---" * 8 + "|",
            *rows,
            "\n## Derived and declared\n",
            "| field | type | meaning |",
            "|---|---|---|",
            *derived,
            "\n" + _RULES,
        ]
    )


if __name__ == "__main__":
    print(schema_markdown(), end="")
