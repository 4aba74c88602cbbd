"""The hash of what a trace says, logged with every run."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import numpy as np

from gairp.traces.table import Floats
from gairp.traces.trace import Trace


def trace_hash(trace: Trace) -> str:
    """sha256, in hex, of the trace's content: ids, texts, categories, splits, arms and numbers.

    The same for every file format, order of rows and order of arms. The name and notes are left
    out, and so are the groups, which follow from the texts and the threshold. Any change of a
    number, however small, changes it.
    """
    rows = sorted(range(len(trace)), key=trace.prompt_ids.__getitem__)
    columns = sorted(range(len(trace.arms)), key=trace.arms.__getitem__)
    digest = sha256(b"gairp trace 1")
    _add_texts(digest, "arms", (trace.arms[i] for i in columns))
    _add_texts(digest, "prompt_ids", (trace.prompt_ids[i] for i in rows))
    _add_texts(digest, "prompts", (trace.prompts[i] for i in rows))
    _add_texts(digest, "categories", (trace.categories[i] for i in rows))
    if trace.splits is not None:
        _add_texts(digest, "splits", (trace.splits[i] for i in rows))
    tables = {"score": trace.score, **trace.quantities}
    tables.update({f"signal {name}": table for name, table in trace.signals.items()})
    for name in sorted(tables):
        _add_texts(digest, name, ())
        digest.update(_canonical(tables[name][np.ix_(rows, columns)]))
    return digest.hexdigest()


def _add_texts(digest: Any, field: str, texts: Iterable[str]) -> None:
    for text in (field, *texts):
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)


def _canonical(table: Floats) -> bytes:
    """Little-endian float64 with one zero and one NaN."""
    plain = np.where(np.isnan(table), np.nan, table) + 0.0
    return plain.astype("<f8").tobytes()
