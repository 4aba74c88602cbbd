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
        self._in_flight = dict.fromkeys(backends, 0)
        self._waiting = dict.fromkeys(backends, 0)
        self._latency_s: dict[str, float] = dict.fromkeys(backends, math.nan)
        self._servers: dict[str, ServerLoad] = {}

    def waiting(self, arm: str, change: int) -> None:
        """`change` more calls wait for a free place."""
        self._waiting[arm] += change

    def started(self, arm: str) -> None:
        """A call is under way."""
        self._in_flight[arm] += 1

    def ended(self, arm: str, latency_s: float) -> None:
        """A call has ended; NaN where its latency says nothing."""
        self._in_flight[arm] -= 1
        if not math.isnan(latency_s):
            old = self._latency_s[arm]
            new = latency_s if math.isnan(old) else (1 - _NEWEST) * old + _NEWEST * latency_s
            self._latency_s[arm] = new

    def reported(self, backend: str, load: ServerLoad) -> None:
        """What a server says of itself."""
        self._servers[backend] = load

    def load(self, candidates: Sequence[str]) -> Load:
        """Arrays aligned with the candidates; a server's own queue is added to ours."""
        if not self._servers:
            return self._ours(candidates)
        servers = [self._servers.get(self._backends[arm], _SILENT) for arm in candidates]
        ours = [self._waiting[arm] for arm in candidates]
        theirs = [0.0 if math.isnan(s.queued) else s.queued for s in servers]
        return Load(
            in_flight=np.array([self._in_flight[arm] for arm in candidates], dtype=np.float64),
            queued=np.array(ours, dtype=np.float64) + np.array(theirs),
            recent_latency_s=np.array([self._latency_s[arm] for arm in candidates]),
            kv_cache_use=np.array([server.kv_cache_use for server in servers]),
        )

    def _ours(self, candidates: Sequence[str]) -> Load:
        """What this process knows, where no server has said anything."""
        in_flight, waiting, latency_s = self._in_flight, self._waiting, self._latency_s
        return Load(
            in_flight=np.array([in_flight[arm] for arm in candidates], dtype=np.float64),
            queued=np.array([waiting[arm] for arm in candidates], dtype=np.float64),
            recent_latency_s=np.array([latency_s[arm] for arm in candidates]),
            kv_cache_use=_unknown(len(candidates)),
        )


@cache
def _unknown(k: int) -> Floats:
    """[k] of NaN; read-only, so that all may share it."""
    nothing = np.full(k, math.nan)
    nothing.setflags(write=False)
    return nothing


_SILENT = ServerLoad()
