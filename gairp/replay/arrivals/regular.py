"""A metronome."""

from __future__ import annotations

from gairp.errors import ConfigError


class Regular:
    """One request every `interval_s` seconds, whatever the answers take."""

    def __init__(self, *, interval_s: float) -> None:
        if not interval_s > 0:
            raise ConfigError(f"protocol.arrivals.interval_s is {interval_s}; give seconds above 0")
        self.interval_s = interval_s

    def following(self, previous: float) -> float:
        """`interval_s` later."""
        return previous + self.interval_s
