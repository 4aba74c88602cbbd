"""After a restart: from snapshot and journal back to where the learner stood."""

from __future__ import annotations

from collections.abc import Iterable

from gairp.errors import DataError
from gairp.gateway.learners.intake import Intake
from gairp.gateway.learners.snapshot import Snapshot
from gairp.policies.base import BasePolicy
from gairp.policies.random import Random
from gairp.records.events import Event, Opened
from gairp.routing.joiner import FeedbackJoiner


class Restoring:
    """Feed it a learner's events, with their positions; afterwards policy and joiner are as before.

    What came before the snapshot is in its state already: of those events only the decisions that
    still wait for feedback matter.
    """

    def __init__(
        self, *, policy: BasePolicy, joiner: FeedbackJoiner, snapshot: Snapshot | None
    ) -> None:
        self._policy, self._joiner = policy, joiner
        self._from = 0 if snapshot is None else snapshot.seq
        self.opened = snapshot is not None
        if snapshot is not None:
            policy.load(snapshot.state)
        idle = Random()  # learns nothing
        joiner.policy = idle
        self.intake = Intake(policy=idle, joiner=joiner)  #: goes on where the journal ends
        self._live = False

    def feed(self, seq: int, event: Event) -> None:
        """One event of this learner."""
        if seq >= self._from and not self._live:
            self._go_live()
        if isinstance(event, Opened):
            if not self.opened and event.start_state is not None:
                self._policy.load(event.start_state)
            self.opened = True
            return
        try:
            self.intake.feed(event)
            self.intake.ended()
        except DataError:
            if self._live:
                raise
            # Before the snapshot the log may speak of decisions that are older than what is read.

    def finish(self) -> int:
        """The policy is in charge again; how often it had learned."""
        self._go_live()
        return self._policy.state_version

    def _go_live(self) -> None:
        self._live = True
        self.intake.policy = self._joiner.policy = self._policy


def feed_all(restorings: dict[str, Restoring], events: Iterable[tuple[int, Event]]) -> None:
    """Each event to its learner."""
    for seq, event in events:
        restoring = restorings.get(event.learner)
        if restoring is not None:
            restoring.feed(seq, event)
