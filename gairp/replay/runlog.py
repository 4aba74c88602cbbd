"""The columns that a report needs of one run, and nothing else."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable

import numpy as np

from gairp.backends.recorded import RecordedPrompt
from gairp.records.parquet_log import ParquetLog
from gairp.replay.engine import Sink
from gairp.types import Context, Outcome


class RunLog:
    """Sink of 48 bytes a request: row, arm, propensity, quality, cost, latency."""

    def __init__(self, arms: tuple[str, ...]) -> None:
        self._columns = {arm: column for column, arm in enumerate(arms)}
        self._rows, self._arms = array("q"), array("q")
        self._propensity, self._quality = array("d"), array("d")
        self._cost_usd, self._latency_s = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._rows)

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        """Keep one completed request; the propensity is the first decision's.

        A refused one has arm -1, and neither propensity nor quality.
        """
        attempts = outcome.attempts
        self._rows.append(prompt.row)
        self._arms.append(self._columns[attempts[-1].decision.arm] if attempts else -1)
        self._propensity.append(attempts[0].decision.propensity if attempts else math.nan)
        self._quality.append(quality)
        self._cost_usd.append(outcome.total_cost_usd)
        self._latency_s.append(outcome.latency_s)

    def columns(self) -> dict[str, np.ndarray]:
        """`rows` and `arms` as int64 [m], the others as float64 [m].

        They are the log's own memory, not copies: while they live, `record` raises BufferError.
        """
        return {
            "rows": np.frombuffer(self._rows, dtype=np.int64),
            "arms": np.frombuffer(self._arms, dtype=np.int64),
            "propensity": np.frombuffer(self._propensity, dtype=np.float64),
            "quality": np.frombuffer(self._quality, dtype=np.float64),
            "cost_usd": np.frombuffer(self._cost_usd, dtype=np.float64),
            "latency_s": np.frombuffer(self._latency_s, dtype=np.float64),
        }


class Tee:
    """Sends every record to several sinks."""

    def __init__(self, sinks: Iterable[Sink]) -> None:
        self.sinks = tuple(sinks)

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        """Pass one completed request on."""
        for sink in self.sinks:
            sink.record(prompt, context, outcome, quality)


class Nowhere:
    """A sink for phases that are not reported."""

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        """Keep nothing."""


class DecisionSink:
    """Sends every record to the decision log."""

    def __init__(self, log: ParquetLog) -> None:
        self.log = log

    def record(
        self, prompt: RecordedPrompt, context: Context, outcome: Outcome, quality: float
    ) -> None:
        """Append one completed request."""
        self.log.append(context, outcome, quality)
