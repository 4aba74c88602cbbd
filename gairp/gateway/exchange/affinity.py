"""Which arm a session, user or tenant was given first."""

from __future__ import annotations

from collections import OrderedDict


class Affinities:
    """The latest `capacity` units; who was not heard of for longest is forgotten."""

    def __init__(self, capacity: int = 50_000) -> None:
        self.capacity = capacity
        self._arms: OrderedDict[str, str] = OrderedDict()

    def arm(self, unit: str) -> str | None:
        """The arm of a unit that has one; it is then the latest."""
        arm = self._arms.pop(unit, None)
        if arm is not None:
            self._arms[unit] = arm
        return arm

    def keep(self, unit: str, arm: str) -> None:
        """The arm that answered; where the kept one failed it is replaced."""
        self._arms.pop(unit, None)
        self._arms[unit] = arm
        if len(self._arms) > self.capacity:
            self._arms.popitem(last=False)
