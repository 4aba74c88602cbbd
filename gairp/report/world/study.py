"""What the report is made of: one table a run, and the names to read it by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gairp.errors import DataError
from gairp.metrics.drift import segment_best
from gairp.types import Floats

_KEY = b"gairp.world"


@dataclass(frozen=True, slots=True)
class WorldRun:
    """One policy on one seed; the columns are those of `gairp.replay.worldlog`, [m] each."""

    policy: str
    seed: int
    arms: tuple[str, ...]
    columns: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    @property
    def comparator(self) -> Floats:
        """[m], the utility of the best arm of each segment."""
        return segment_best(self.columns["utilities"], self.columns["segment"])

    @property
    def regret(self) -> Floats:
        """[m], what each request lost against that arm."""
        return np.asarray(self.comparator - self.columns["utility"])

    @property
    def changes(self) -> NDArray[np.int64]:
        """[c], numbers of the requests that a segment begins with."""
        return np.asarray(np.flatnonzero(np.diff(self.columns["segment"])) + 1)

    def save(self, path: Path) -> None:
        """Write as Parquet."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        plain = {k: pa.array(v) for k, v in self.columns.items() if v.ndim == 1}
        wide = {
            f"utility_of:{arm}": pa.array(self.columns["utilities"][:, i])
            for i, arm in enumerate(self.arms)
        }
        head = {"policy": self.policy, "seed": self.seed, "arms": list(self.arms)}
        table = pa.table(plain | wide).replace_schema_metadata({_KEY: json.dumps(head)})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def load(cls, path: Path) -> WorldRun:
        """Read what `save` wrote; DataError for anything else."""
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        text = (table.schema.metadata or {}).get(_KEY)
        if text is None:
            raise DataError(f"{path}: this is no table of a run in a changing world; run it again")
        head = json.loads(text)
        arms = tuple(head["arms"])
        values = {name: table[name].to_numpy() for name in table.column_names}
        wide = [values.pop(f"utility_of:{arm}") for arm in arms]
        return cls(head["policy"], head["seed"], arms, {**values, "utilities": np.stack(wide, 1)})


@dataclass(frozen=True, slots=True)
class WorldStudy:
    """Everything that the report needs."""

    name: str
    runs: tuple[WorldRun, ...]
    groups: NDArray[np.int64]  #: [n], by row of the trace, equal for near-duplicate prompts
    primary: str
    arriving: tuple[str, ...] = ()  #: arms that come anew
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    window: int = 50  #: requests that a moving average is over
    within: float = 0.05  #: regret a request that counts as back to what it was

    @property
    def policies(self) -> dict[str, tuple[WorldRun, ...]]:
        """Runs by policy, in the order of the configuration."""
        found: dict[str, list[WorldRun]] = {}
        for run in self.runs:
            found.setdefault(run.policy, []).append(run)
        return {name: tuple(runs) for name, runs in found.items()}
