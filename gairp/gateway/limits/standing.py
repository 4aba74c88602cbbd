"""What the quotas of a principal count in, found once for all of its requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from gairp.gateway.limits.rules import Quotas

T = TypeVar("T")
_KEPT = 65_536


class Standing(Generic[T]):
    """What `make` gives for quotas and a model.

    Known by the tuple's identity: to compare what it holds, or to hash it, takes longer than all
    the counting. `known` is there for those who look first and call `of` for what is not in it.
    """

    def __init__(self, make: Callable[[Quotas, str], T]) -> None:
        self._make = make
        self.known: dict[tuple[int, str], tuple[Quotas, T]] = {}

    def of(self, quotas: Quotas, model: str) -> T:
        """The same object as the last time, unless it was long ago."""
        known = self.known.get((id(quotas), model))
        if known is not None and known[0] is quotas:
            return known[1]
        if len(self.known) >= _KEPT:
            self.known.clear()
        made = self._make(quotas, model)
        self.known[id(quotas), model] = quotas, made
        return made
