"""How busy each arm is, from what this process has in flight and what the servers say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from gairp.types import Floats, Load, ServerLoad

#: Weight of the newest latency in the moving average.
_NEWEST = 0.2


class LoadBoard:
    """Counts calls in flight by arm, averages their latencies, keeps the servers' last reports.

    `backends` maps an arm to its backend: a server's queue is that of all its arms.
    """

    def __init__(self, backends: Mapping[str, str]) -> None:
        self._backends = dict(backends)
        self._row = {arm: row for row, arm in enumerate(backends)}
        self._all = tuple(backends)
        # Arrays over all arms: a copy is cheaper than an array made of numbers.
        self._in_flight = np.zeros(len(self._all))
        self._waiting = np.zeros(len(self._all))
        self._latency_s = np.full(len(self._all), math.nan)
        self._servers: dict[str, ServerLoad] = {}

    def waiting(self, arm: str, change: int) -> None:
        """`change` more calls wait for a free place."""
        self._waiting[self._row[arm]] += change

    def started(self, arm: str) -> None:
        """A call is under way."""
        self._in_flight[self._row[arm]] += 1.0

    def ended(self, arm: str, latency_s: float) -> None:
        """A call has ended; NaN where its latency says nothing."""
        row = self._row[arm]
        self._in_flight[row] -= 1.0
        if latency_s == latency_s:
            old = self._latency_s.item(row)
            new = latency_s if old != old else (1 - _NEWEST) * old + _NEWEST * latency_s
            self._latency_s[row] = new

    def reported(self, backend: str, load: ServerLoad) -> None:
        """What a server says of itself."""
        self._servers[backend] = load

    def load(self, candidates: Sequence[str]) -> Load:
        """Arrays aligned with the candidates; a server's own queue is added to ours."""
        if not self._servers:
            return self._ours(candidates)
        servers = [self._servers.get(self._backends[arm], _SILENT) for arm in candidates]
        theirs = [0.0 if math.isnan(s.queued) else s.queued for s in servers]
        ours = self._ours(candidates)
        return Load(
            in_flight=ours.in_flight,
            queued=ours.queued + np.array(theirs),
            recent_latency_s=ours.recent_latency_s,
            kv_cache_use=np.array([server.kv_cache_use for server in servers]),
        )

    def _ours(self, candidates: Sequence[str]) -> Load:
        """What this process knows, where no server has said anything."""
        if candidates == self._all:
            return Load(
                in_flight=self._in_flight.copy(),
                queued=self._waiting.copy(),
                recent_latency_s=self._latency_s.copy(),
                kv_cache_use=_unknown(len(self._all)),
            )
        rows = [self._row[arm] for arm in candidates]
        return Load(
            in_flight=self._in_flight[rows],
            queued=self._waiting[rows],
            recent_latency_s=self._latency_s[rows],
            kv_cache_use=_unknown(len(rows)),
        )


@cache
def _unknown(k: int) -> Floats:
    """[k] of NaN; read-only, so that all may share it."""
    nothing = np.full(k, math.nan)
    nothing.setflags(write=False)
    return nothing


_SILENT = ServerLoad()
