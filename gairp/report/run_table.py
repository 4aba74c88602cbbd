"""One run as one Arrow table: a row a request, in the order served."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import DataError
from gairp.report.pool_table import KEY, head_of
from gairp.report.study import Pool, Run, Singles

if TYPE_CHECKING:
    import pyarrow as pa


_PREDICTIONS = ("predicted", "uncalibrated")


def run_to_table(run: Run, pool: Pool) -> pa.Table:
    """Columns: prompt_id, arm (null where refused), propensity, quality, cost_usd, latency_s;
    then `predicted/<arm>` and `uncalibrated/<arm>` where the run has them.

    Prompts and arms go by name, so that the table can be read without the pool. Policy, seed and
    cost weight are in the schema's metadata under `gairp`.
    """
    import pyarrow as pa

    refused = run.arms < 0
    columns: dict[str, Any] = {
        "prompt_id": _named(run.rows, pool.prompt_ids, None),
        "arm": _named(run.arms, pool.arms, refused),
        "propensity": pa.array(run.propensity, pa.float64()),
        "quality": pa.array(run.quality, pa.float64()),
        "cost_usd": pa.array(run.cost_usd, pa.float64()),
        "latency_s": pa.array(run.latency_s, pa.float64()),
    }
    for name in _PREDICTIONS:
        values: Singles | None = getattr(run, name)
        if values is not None:
            for column, arm in enumerate(pool.arms):
                columns[f"{name}/{arm}"] = pa.array(values[:, column], pa.float32())
    head = {
        "kind": "run",
        "version": 1,
        "policy": run.policy,
        "seed": run.seed,
        "cost_weight": run.cost_weight,
    }
    return pa.table(columns).replace_schema_metadata({KEY: json.dumps(head, sort_keys=True)})


def run_from_table(table: pa.Table, pool: Pool) -> Run:
    """The run that `run_to_table` wrote. Raises DataError for another table or another pool."""
    head = head_of(table, "run")
    name = f"run of {head['policy']!r}, seed {head['seed']}"

    def floats(column: str) -> NDArray[np.float64]:
        return np.asarray(table[column].to_numpy(), dtype=np.float64)

    def predictions(name: str) -> Singles | None:
        if f"{name}/{pool.arms[0]}" not in table.column_names:
            return None
        per_arm = [table[f"{name}/{arm}"].to_numpy() for arm in pool.arms]
        return np.column_stack(per_arm).astype(np.float32)

    return Run(
        policy=head["policy"],
        seed=head["seed"],
        rows=_placed(table["prompt_id"], pool.prompt_ids, f"{name}, column 'prompt_id'"),
        arms=_placed(table["arm"], pool.arms, f"{name}, column 'arm'"),
        propensity=floats("propensity"),
        quality=floats("quality"),
        cost_usd=floats("cost_usd"),
        latency_s=floats("latency_s"),
        cost_weight=head["cost_weight"],
        predicted=predictions("predicted"),
        uncalibrated=predictions("uncalibrated"),
    )


def _named(
    places: NDArray[np.int64], names: tuple[str, ...], absent: NDArray[np.bool_] | None
) -> pa.Array:
    import pyarrow as pa

    indices = pa.array(places.astype(np.int32), pa.int32(), mask=absent)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, pa.string()))


def _placed(column: Any, names: tuple[str, ...], where: str) -> NDArray[np.int64]:
    """Positions among `names`; -1 where null. Only the distinct values are looked up by name."""
    place = {name: i for i, name in enumerate(names)}
    encoded = column.combine_chunks()
    if not hasattr(encoded, "dictionary"):
        encoded = encoded.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    known = encoded.dictionary.to_pylist()
    lookup = np.array([place.get(name, -2) for name in known] + [-1], dtype=np.int64)
    places: NDArray[np.int64] = lookup[codes]
    if (places == -2).any():
        row = int(np.flatnonzero(places == -2)[0])
        raise DataError(
            f"{where}, row {row + 1}: {known[codes[row]]!r} is not in the pool; "
            "read a run together with the pool of its own study"
        )
    return places
