"""What a worker asks the others for."""

from __future__ import annotations

from gairp.gateway.exchange.affinity import Affinities
from gairp.gateway.workers.exposition import Exposition
from gairp.gateway.workers.link import Link


class Peers:
    """The learner, and through it the other workers."""

    def __init__(self, link: Link, affinities: Affinities) -> None:
        """From now on units that keep to their arm do so in all workers."""
        self._link = link
        self.exposition: Exposition | None = None  #: of this worker, once it counts
        for kept in link.kept:
            affinities.heard(kept.unit, kept.arm)
        link.on_kept = lambda kept: affinities.heard(kept.unit, kept.arm)
        affinities.tell = link.keep

    @property
    def name(self) -> str:
        """Of this worker."""
        return self._link.part.name

    @property
    def prefix(self) -> str:
        """How the names of this worker's requests begin."""
        return self._link.part.requests

    async def feedback(self, body: bytes, tenant: str) -> bytes:
        """What became of it, as JSON; see `FeedbackDesk.take`."""
        return await self._link.ask("feedback", body, tenant)

    async def decision(self, decision_id: str, tenant: str | None) -> bytes:
        """A decision explained, as JSON; ApiError 404 where nobody remembers it."""
        return await self._link.ask("decision", decision_id.encode(), tenant)

    def metrics(self) -> bytes:
        """Of all processes, for Prometheus."""
        assert self.exposition is not None
        return self.exposition.text()
