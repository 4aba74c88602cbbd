"""A policy whose knowledge of single arms can be taken away or given."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Swappable(Protocol):
    """What restarts and hot swaps need of a policy."""

    def forget(self, arm: str, *, kept: float = 0.0) -> None:
        """Keep this share of what is known of an arm."""

    def adopt(self, arm: str, *, like: str | None, kept: float) -> None:
        """Let a new arm begin with this share of another's evidence; None: of the mean of all."""
