"""The orders in which the test prompts may come."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from gairp.replay.source import Outcomes, shuffled
from gairp.runners.replay.prepared import Prepared

Ints = NDArray[np.int64]
JUMP = 2.0  #: what the dearest arm's price is multiplied by halfway


def _costs(prepared: Prepared, rows: Ints) -> NDArray[np.float64]:
    cost = prepared.outcomes.cost_usd
    assert cost is not None
    return np.asarray(cost[rows].sum(axis=1))


def _dear_first(prepared: Prepared, rows: Ints, seed: int) -> Ints:
    return np.asarray(rows[np.argsort(-_costs(prepared, rows), kind="stable")])


def _dear_last(prepared: Prepared, rows: Ints, seed: int) -> Ints:
    return _dear_first(prepared, rows, seed)[::-1]


def _by_category(prepared: Prepared, rows: Ints, seed: int) -> Ints:
    """One task after the other, the tasks in the seed's order."""
    names = np.array([prepared.categories[i] for i in rows])
    tasks = np.random.default_rng([seed, 5]).permutation(np.unique(names))
    place = {task: i for i, task in enumerate(tasks)}
    mixed = shuffled(np.arange(len(rows)), seed)
    return np.asarray(rows[mixed[np.argsort([place[names[i]] for i in mixed], kind="stable")]])


ORDERS: dict[str, Callable[[Prepared, Ints, int], Ints]] = {
    "shuffled": lambda prepared, rows, seed: shuffled(rows, seed),
    "dear first": _dear_first,
    "dear last": _dear_last,
    "task by task": _by_category,
    "price jump": lambda prepared, rows, seed: shuffled(rows, seed),
}


def outcomes_in(order: str, prepared: Prepared, rows: Ints) -> Outcomes:
    """What the prompts cost when they come in this order: the same, but for a price jump."""
    table = prepared.outcomes
    if order != "price jump":
        return table
    assert table.cost_usd is not None
    cost = table.cost_usd.copy()
    late = rows[len(rows) // 2 :]
    cost[late, int(cost.mean(axis=0).argmax())] *= JUMP
    return msgspec.structs.replace(table, cost_usd=cost)
