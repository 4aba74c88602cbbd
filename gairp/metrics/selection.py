"""Choosing arms in hindsight: the comparators behind every regret."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gairp.metrics.arrays import Floats, Ints, floats, same_shape


def oracle_choice(utility: ArrayLike, cost: ArrayLike | None = None) -> Ints:
    """The arm [n] that turned out best for each prompt.

    utility, cost: [n, k]. The largest utility wins; ties go to the lowest cost, then to the
    lowest index. An arm whose utility is NaN was not recorded and is never chosen; a NaN cost
    loses ties. Raises ValueError for a prompt without any recorded arm.
    """
    value, price = _tables(utility=utility, cost=cost)
    unseen = np.isnan(value).all(axis=1)
    if unseen.any():
        raise ValueError(
            f"utility row {int(np.argmax(unseen))} is all NaN; drop such prompts first"
        )
    best = value == np.nanmax(value, axis=1, keepdims=True)
    price = np.where(best, np.where(np.isnan(price), np.finfo(np.float64).max, price), np.inf)
    return np.asarray(np.argmin(price, axis=1), dtype=np.int64)


def best_fixed(utility: ArrayLike, cost: ArrayLike | None = None) -> int:
    """The one arm with the largest mean utility over the prompts that every arm answered.

    utility, cost: [n, k]. Ties go to the lowest mean cost, then to the lowest index. On train
    rows this is "best on train"; on test rows it is the best fixed arm in hindsight.
    """
    value, price = _means(*_tables(utility=utility, cost=cost))
    return int(np.lexsort((price, -value))[0])


def cheapest(cost: ArrayLike, utility: ArrayLike | None = None) -> int:
    """The arm with the lowest mean cost over the prompts that every arm answered.

    cost, utility: [n, k]. Ties go to the largest mean utility, then to the lowest index.
    """
    price, value = _means(*_tables(cost=cost, utility=utility))
    return int(np.lexsort((-value, price))[0])


def take(table: ArrayLike, choice: ArrayLike) -> Floats:
    """What the chosen arms gave: table [n, k] at choice [..., n], as [..., n]."""
    values, arm = floats("table", table, ndim=2), np.asarray(choice, dtype=np.int64)
    return np.asarray(values[np.arange(len(values)), arm], dtype=np.float64)


def _tables(**named: ArrayLike | None) -> tuple[Floats, Floats]:
    """The two tables in the order given; an absent second one is all zero, and breaks no tie."""
    (first, given), (second, other) = named.items()
    a = floats(first, np.empty(0) if given is None else given, ndim=2)
    b = np.zeros_like(a) if other is None else floats(second, other, ndim=2)
    same_shape(**{first: a, second: b})
    return a, b


def _means(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    rows = ~(np.isnan(first).any(axis=1) | np.isnan(second).any(axis=1))
    if not rows.any():
        raise ValueError("no prompt was answered by every arm; compare a smaller pool")
    return first[rows].mean(axis=0), second[rows].mean(axis=0)
