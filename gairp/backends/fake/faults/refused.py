"""A server that takes no connections."""

from __future__ import annotations

from gairp.backends.fake.faults.base import Fault
from gairp.errors import ConfigError


class ConnectionRefused(Fault, kw_only=True):
    """The port is closed once so many calls were answered, and opened again after a while."""

    after_calls: int = 0
    for_s: float | None = None  #: never again where None
    example = "{kind: connection_refused, after_calls: 100, for_s: 2}"

    def __post_init__(self) -> None:
        """Nobody can count the calls that never arrive."""
        if self.when != "always" or self.model is not None or self.only is not None:
            raise ConfigError(
                "connection_refused takes after_calls and for_s; a server does not see the calls "
                "that it refuses, so that when, model and only have no meaning"
            )
