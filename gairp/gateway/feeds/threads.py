"""The feeds in threads of this process: for tests, and where a second process is unwanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gairp.gateway.feeds.feeder import Feeder


class FeedThreads:
    """A thread a feed."""

    def __init__(self, feeders: Sequence[Feeder]) -> None:
        self._feeders = list(feeders)

    @property
    def positions(self) -> Mapping[str, int]:
        """How far each feed has come in the journal, by its name."""
        return {feeder.name: feeder.seq for feeder in self._feeders}

    def start(self) -> None:
        """Begin."""
        for feeder in self._feeders:
            feeder.start()

    def close(self) -> None:
        """Take what is left, and put them away."""
        for feeder in self._feeders:
            feeder.close()
