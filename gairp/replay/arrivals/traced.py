"""Arrivals at the times of a production trace."""

from __future__ import annotations

import numpy as np

from gairp.errors import ConfigError
from gairp.traces.arrival_times import arrival_times, reused_share


class Traced:
    """The gaps of a recorded trace, from a place of the seed's choosing, round and round.

    table: a file, or DATASET/TABLE of a registered dataset: azure_llm_2023/code, .../conv,
        mooncake_fast25/conversation, .../synthetic.
    rate: requests a second that the trace is sped up or slowed down to; null: as recorded.
    column: of the times; null: t_s in seconds, or t_ms.
    """

    def __init__(
        self,
        *,
        table: str,
        rate: float | None = None,
        column: str | None = None,
        seed: int,
    ) -> None:
        if rate is not None and not rate > 0:
            raise ConfigError(f"protocol.arrivals.rate is {rate}; give requests a second above 0")
        times = arrival_times(table, column, key="protocol.arrivals")
        gaps = np.diff(times)
        scale = 1.0 if rate is None else 1.0 / (rate * gaps.mean())
        start = int(np.random.default_rng([seed, 6]).integers(len(gaps)))
        self._gaps = np.roll(gaps, -start) * scale
        reused = reused_share(table)
        self._reused = None if reused is None else np.roll(reused[:-1], -start)
        self._place = 0

    def following(self, previous: float) -> float:
        """The next gap later."""
        gap = float(self._gaps[self._place % len(self._gaps)])
        self._place += 1
        return previous + gap

    def reused(self, number: int) -> float:
        """Share of the prompt of request `number` that earlier ones have left in a prefix cache."""
        if self._reused is None:
            return 0.0
        return float(self._reused[number % len(self._reused)])
