"""Narrowing a context to some of its candidates, and widening what was decided there again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from gairp.types import Context, Decision


def keep(context: Context, columns: Sequence[int]) -> Context:
    """The context of the candidates at these positions, in this order."""
    if len(columns) == len(context.candidates):
        return context
    columns = list(columns)
    load = context.load
    if load is not None:
        load = msgspec.structs.replace(
            load,
            in_flight=load.in_flight[columns],
            queued=load.queued[columns],
            recent_latency_s=load.recent_latency_s[columns],
            kv_cache_use=None if load.kv_cache_use is None else load.kv_cache_use[columns],
        )
    return msgspec.structs.replace(
        context,
        candidates=tuple(context.candidates[i] for i in columns),
        expected_cost=context.expected_cost[columns],
        max_cost=context.max_cost[columns],
        load=load,
    )


def widened(decision: Decision, columns: Sequence[int], k: int) -> Decision:
    """A decision among these of k candidates as one among all: the others had no chance."""
    if len(columns) == k:
        return decision
    scores = decision.scores
    return msgspec.structs.replace(
        decision,
        probabilities=tuple(_spread(decision.probabilities, columns, k, 0.0)),
        scores=None if scores is None else tuple(_spread(scores, columns, k, -math.inf)),
    )


def _spread(values: Sequence[float], columns: Sequence[int], k: int, fill: float) -> list[float]:
    """`values` at these positions of a list of k, and `fill` at the others."""
    wide = [fill] * k
    for column, value in zip(columns, values, strict=True):
        wide[column] = value
    return wide
