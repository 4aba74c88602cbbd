"""The pool as one Arrow table: a row a prompt, a column a quantity and arm."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from gairp.errors import DataError
from gairp.report.study import Floats, Pool

if TYPE_CHECKING:
    import pyarrow as pa

KEY = b"gairp"  #: where a table's schema keeps what is not a column, as JSON
_PER_PAIR = ("quality", "cost_usd", "latency_s")
_PER_ARM = ("train_quality", "train_cost_usd", "train_latency_s", "train_utility")


def pool_to_table(pool: Pool) -> pa.Table:
    """Columns: prompt_id, category, group, then `quality/<arm>`, `cost_usd/<arm>` and
    `latency_s/<arm>` where the source has them. The means on the train prompts and the order of
    the arms are in the schema's metadata under `gairp`.
    """
    import pyarrow as pa

    columns: dict[str, Any] = {
        "prompt_id": pa.array(pool.prompt_ids, pa.string()),
        "category": pa.array(pool.categories, pa.string()),
        "group": pa.array(pool.groups, pa.int64()),
    }
    for quantity in _PER_PAIR:
        values = getattr(pool, quantity)
        if values is not None:
            for column, arm in enumerate(pool.arms):
                columns[f"{quantity}/{arm}"] = pa.array(values[:, column], pa.float64())
    head = {"kind": "pool", "version": 1, "arms": list(pool.arms)}
    means = {name: _numbers(getattr(pool, name)) for name in _PER_ARM}
    document = json.dumps(head | means, sort_keys=True)
    return pa.table(columns).replace_schema_metadata({KEY: document})


def pool_from_table(table: pa.Table) -> Pool:
    """The pool that `pool_to_table` wrote. Raises DataError for any other table."""
    head = head_of(table, "pool")
    arms = tuple(head["arms"])

    def pairs(quantity: str) -> Floats | None:
        if arms and f"{quantity}/{arms[0]}" not in table.column_names:
            return None
        per_arm = [table[f"{quantity}/{arm}"].to_numpy() for arm in arms]
        return np.column_stack(per_arm).astype(np.float64)

    quality, train_quality = pairs("quality"), _array(head["train_quality"])
    if quality is None or train_quality is None:
        raise DataError("pool table: no column of quality; write it with gairp.report.save_study")
    return Pool(
        arms=arms,
        prompt_ids=tuple(table["prompt_id"].to_pylist()),
        categories=tuple(table["category"].to_pylist()),
        groups=table["group"].to_numpy().astype(np.int64),
        quality=quality,
        cost_usd=pairs("cost_usd"),
        latency_s=pairs("latency_s"),
        train_quality=train_quality,
        train_cost_usd=_array(head["train_cost_usd"]),
        train_latency_s=_array(head["train_latency_s"]),
        train_utility=_array(head["train_utility"]),
    )


def pool_hash(pool: Pool) -> str:
    """sha256 over everything that the pool holds; equal pools can share one report."""
    digest = hashlib.sha256()
    for names in (pool.arms, pool.prompt_ids, pool.categories):
        digest.update(json.dumps(names).encode())
    digest.update(np.ascontiguousarray(pool.groups).tobytes())
    for field in _PER_PAIR + _PER_ARM:
        values = getattr(pool, field)
        digest.update(b"-" if values is None else np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def head_of(table: pa.Table, kind: str) -> dict[str, Any]:
    """What the schema says of a table of this kind. Raises DataError where it says nothing."""
    raw = (table.schema.metadata or {}).get(KEY)
    head: dict[str, Any] = json.loads(raw) if raw else {}
    if head.get("kind") != kind or head.get("version") != 1:
        raise DataError(
            f"this is not a {kind} table of version 1: its schema says {head or 'nothing'}; "
            "take a table that gairp.report wrote"
        )
    return head


def _numbers(values: Floats | None) -> list[float | None] | None:
    if values is None:
        return None
    return [None if np.isnan(value) else float(value) for value in values]


def _array(numbers: list[float | None] | None) -> Floats | None:
    if numbers is None:
        return None
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)
