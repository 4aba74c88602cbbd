"""What a test for a change promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Detector(Protocol):
    """Takes values in [0, 1], one after the other."""

    def update(self, value: float) -> bool:
        """True where the stream has changed; the detector has then begun anew."""

    def state(self) -> dict[str, Any]:
        """What `restore` takes."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a saved state."""
