"""Which arm a session, user or tenant was given first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable


class Affinities:
    """The latest `capacity` units; who was not heard of for longest is forgotten."""

    def __init__(self, capacity: int = 50_000) -> None:
        self.capacity = capacity
        self._arms: OrderedDict[str, str] = OrderedDict()
        self.tell: Callable[[str, str], None] | None = None  #: whoever else serves the unit

    def arm(self, unit: str) -> str | None:
        """The arm of a unit that has one; it is then the latest."""
        arm = self._arms.pop(unit, None)
        if arm is not None:
            self._arms[unit] = arm
        return arm

    def keep(self, unit: str, arm: str) -> None:
        """The arm that answered; where the kept one failed it is replaced."""
        before = self._arms.pop(unit, None)
        self._arms[unit] = arm
        if before != arm and self.tell is not None:
            self.tell(unit, arm)
        if len(self._arms) > self.capacity:
            self._arms.popitem(last=False)

    def heard(self, unit: str, arm: str) -> None:
        """Another process has given the unit this arm."""
        self._arms.pop(unit, None)
        self._arms[unit] = arm
        if len(self._arms) > self.capacity:
            self._arms.popitem(last=False)
