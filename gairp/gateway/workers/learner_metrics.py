"""What the learner's process counts: all that no worker knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from gairp.gateway.feeds.process import FeedProcess
from gairp.gateway.feeds.threads import FeedThreads
from gairp.gateway.learners.house import House
from gairp.gateway.metrics import Metrics
from gairp.gateway.workers.spools import Spools
from gairp.records.events import Event, Learned


class LearnerMetrics:
    """Feedback, learners, feeds, and how far the one journal is behind the workers'."""

    def __init__(
        self, house: House, spools: Spools, feeds: FeedProcess | FeedThreads | None
    ) -> None:
        self._house, self._spools, self._feeds = house, spools, feeds
        self._metrics = Metrics()
        house.ink.tell(self._heard)

    def families(self) -> Iterable[Metric]:
        """As of now."""
        return self._metrics.families(self._gauges)

    def _heard(self, first: int, events: list[Event]) -> None:
        """The rest is counted where it happens."""
        self._metrics.heard(first, [event for event in events if isinstance(event, Learned)])

    def _gauges(self) -> Iterator[tuple[str, tuple[str, ...], float]]:
        self._house.ink.catch_up()
        for worker, behind in self._spools.behind().items():
            yield "gairp_unmerged_bytes", (worker,), float(behind)
        positions = {} if self._feeds is None else self._feeds.positions
        for name, seq in positions.items():
            yield "gairp_feed_lag", (name,), float(max(0, self._house.ink.seq - seq))
        for name, served in self._house.learners.items():
            yield "gairp_pending_feedback", (name,), float(len(served.joiner))
            yield "gairp_learner_updates", (name,), float(served.policy.state_version)
