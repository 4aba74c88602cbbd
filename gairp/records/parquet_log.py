"""Decisions as Parquet, written in chunks, so that a long run needs little memory."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from gairp.records.schema import FIELDS, arrow_schema
from gairp.types import Context, Outcome


class ParquetLog:
    """Appends one row an attempt; complete under its final name only after `close`."""

    def __init__(self, path: Path, *, chunk: int = 8192) -> None:
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.chunk = path, chunk
        self._part = path.with_name(path.name + ".part")
        self._schema = arrow_schema()
        # Numbers and ids hardly repeat: a dictionary of them takes time and makes the file larger.
        repeated = [field.name for field in FIELDS if field.type == "dictionary"]
        self._writer: Any = pq.ParquetWriter(
            self._part, self._schema, compression="zstd", use_dictionary=repeated
        )
        self._rows: list[tuple[Any, ...]] = []
        self._candidates: dict[tuple[str, ...], str] = {}

    def append(self, context: Context, outcome: Outcome, quality: float) -> None:
        """One request's attempts; `quality` belongs to the attempt that answered."""
        candidates = self._candidates.get(context.candidates) or self._name(context.candidates)
        last = len(outcome.attempts) - 1
        for i, attempt in enumerate(outcome.attempts):
            decision, response = attempt.decision, attempt.response
            usage = response.usage
            self._rows.append(
                (
                    decision.request_id,
                    decision.id,
                    decision.kind,
                    decision.attempt,
                    context.now,
                    outcome.completed_at,
                    candidates,
                    decision.arm,
                    decision.propensity,
                    decision.probabilities,
                    decision.scores,
                    decision.policy,
                    decision.state_version,
                    usage.input_tokens,
                    usage.output_tokens,
                    attempt.cost_usd,
                    response.first_token_s,
                    response.latency_s,
                    None if response.error is None else str(response.error),
                    quality if i == last else float("nan"),
                )
            )
        if len(self._rows) >= self.chunk:
            self.flush()

    def flush(self) -> None:
        """Write what has gathered as one row group."""
        import pyarrow as pa

        if not self._rows:
            return
        arrays = [
            _column(pa, self._schema.field(i).type, values, FIELDS[i].type)
            for i, values in enumerate(zip(*self._rows, strict=True))
        ]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()

    def close(self) -> None:
        """Finish the file and give it its name."""
        self.flush()
        self._writer.close()
        os.replace(self._part, self.path)

    def _name(self, candidates: tuple[str, ...]) -> str:
        name = self._candidates[candidates] = msgspec.json.encode(candidates).decode()
        return name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.close()


def _column(pa: Any, arrow_type: Any, values: tuple[Any, ...], name: str) -> Any:
    if name == "float64":
        import numpy as np

        return pa.array(np.array(values, dtype=np.float64))
    return pa.array(values, type=arrow_type)
