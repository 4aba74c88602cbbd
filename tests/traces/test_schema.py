from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from gairp.traces.columns import Columns
from gairp.traces.schema import DERIVED, FIELDS, schema_markdown
from gairp.traces.trace import QUANTITIES, Trace

DOC = Path(__file__).resolve().parents[2] / "docs" / "trace_schema.md"


def test_document_is_what_the_schema_makes() -> None:
    assert DOC.read_text() == schema_markdown()


def test_every_mapping_key_is_documented_with_its_default() -> None:
    documented = {f.name: f.default for f in FIELDS}
    for name in Columns.fields():
        assert documented[name] == ", ".join(Columns().names(name))


def test_every_quantity_has_a_unit() -> None:
    units = {f.name: f.unit for f in FIELDS}
    assert {name: units[name] for name in QUANTITIES} == {
        "input_tokens": "tokens",
        "output_tokens": "tokens",
        "cost_usd": "USD",
        "ttft_s": "seconds",
        "latency_s": "seconds",
    }


def test_every_field_of_a_trace_is_documented() -> None:
    documented = {f.name for f in FIELDS} | {name for name, _, _ in DERIVED}
    renamed = {
        "prompt_ids": "prompt_id",
        "prompts": "prompt",
        "categories": "category",
        "splits": "split",
        "quantities": "cost_usd",
    }
    for entry in fields(Trace):
        assert renamed.get(entry.name, entry.name) in documented
