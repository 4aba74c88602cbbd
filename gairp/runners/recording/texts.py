"""The columns of text that a recorded trace has beside its quantities."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

Texts = Mapping[tuple[str, str], str]  #: (prompt id, arm) -> text
_WANTED = ("answered_by", "request_digest")


def read_texts(path: Path, columns: Mapping[str, Any]) -> dict[str, Texts]:
    """By column, those that are there; none of another format or layout than `record` writes.

    columns: the `trace.columns` that say how prompt_id and model are called.
    """
    import pyarrow.parquet as pq

    if path.suffix != ".parquet":
        return {}
    keys = [columns["prompt_id"], columns["model"]]
    there = set(pq.read_schema(path).names)
    wanted = [name for name in _WANTED if name in there]
    if not wanted or not all(isinstance(key, str) and key in there for key in keys):
        return {}
    table = pq.read_table(path, columns=[*keys, *wanted]).to_pydict()
    pairs = list(zip(*(map(str, table[key]) for key in keys), strict=True))
    return {
        name: {pair: text for pair, text in zip(pairs, table[name], strict=True) if text}
        for name in wanted
    }
