"""What a candidate would have decided on every request of a log."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from gairp.records.events import Decided, Learned, Opened
from gairp.runners.replay_log.challenge import Challenge
from gairp.runners.replay_log.held import Held
from gairp.types import Decision


class Candidate(Challenge):
    """A challenge that keeps its probabilities, and stops learning before it is evaluated."""

    def __init__(
        self,
        opened: Opened,
        *,
        name: str,
        config: Mapping[str, Any],
        reads: str = "",
        floor: float = 0.0,
        state: bytes | None = None,
        more: Mapping[str, Any] | None = None,
        train: int = 0,
        held: Held | None = None,
        learns: bool = True,
        learned: Container[str],
    ) -> None:
        """It learns until the decision after the first `train`, then never again; with `learns`
        False it never does.

        `state` is what it has learned before, `held` where it comes from. Raises DataError for
        the state of another policy.
        """
        super().__init__(
            opened, name=name, config=config, reads=reads, floor=floor, more=more,
            state=state, learned=learned,
        )  # fmt: skip
        self.train, self.held, self.learns = train, held, learns
        self._seen = 0
        self.probabilities: dict[str, dict[str, float]] = {}  #: by decision and arm

    def learn(self, event: Learned) -> None:
        """Learn while the log is still for training, and let the rest pass."""
        if self.learns and self._seen < self.train:
            super().learn(event)
        else:
            self.past.learned(event)

    def note(self, event: Decided, decision: Decision) -> None:
        """Keep the probabilities of a first decision."""
        if event.kind == "primary" and event.attempt == 0:
            self._seen += 1
            if self._seen > self.train:
                self.probabilities[event.decision_id] = dict(
                    zip(event.candidates, decision.probabilities, strict=True)
                )
