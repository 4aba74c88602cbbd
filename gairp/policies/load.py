"""What a policy makes of the load that a context tells of."""

from __future__ import annotations

import numpy as np

from gairp.policies.base import Floats
from gairp.types import Context


def outstanding(context: Context) -> Floats:
    """Calls in flight and queued, [k]; zeros where nobody counts."""
    load = context.load
    if load is None:
        return np.zeros(len(context.candidates))
    return np.asarray(load.in_flight + load.queued)


def expected_latency(context: Context) -> Floats:
    """Seconds that an answer would take, [k]: what answers took of late, and the queue ahead.

    Recent latencies are without waiting; a queue of as many as are in flight takes about one
    answer's time. 0 where nothing is known, so that an arm is tried.
    """
    load = context.load
    if load is None:
        return np.zeros(len(context.candidates))
    recent = np.nan_to_num(load.recent_latency_s, nan=0.0)
    return np.asarray(recent * (1.0 + load.queued / np.maximum(load.in_flight, 1.0)))
