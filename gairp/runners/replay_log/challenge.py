"""One learner's log, fed to another policy."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from math import fsum
from typing import Any

import msgspec

from gairp.errors import DataError, GairpError, StateError, UnknownNameError
from gairp.records.events import Decided, Event, Learned, Observed, Opened, Settled, unpacked
from gairp.rng import DecisionRng
from gairp.runners.replay_log.past import Past
from gairp.runners.replay_log.rebuilt import built, job_of
from gairp.types import Decision


class Challenge:
    """Asks a challenger for every decision that the learner's policy made, and teaches it the same.

    It starts untrained, or as the registry holds it, and learns what the learner learned from the
    arms that the learner chose, with the learner's own utility and seed. What it would have learned
    from its own choices nobody knows, so this says how far they agree and not which is better.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        name: str,
        config: Mapping[str, Any],
        reads: str = "",
        floor: float = 0.0,
        more: Mapping[str, Any] | None = None,
        state: bytes | None = None,
        learned: Container[str],
    ) -> None:
        """`reads` names the stored features; "" are those that the learner's policy read.
        `more` are keys of its job that are not the learner's, such as a utility of its own, and
        `state` is what it has learned before.

        Raises UnknownNameError for features that are not in the log, DataError for the state of
        another policy.
        """
        if reads and reads not in opened.features:
            stored = [each for each in opened.features if each]
            raise UnknownNameError(f"features in the log of {opened.learner!r}", reads, stored)
        self.opened, self.name, self.reads = opened, name, reads
        self.config, self.floor = dict(config), floor
        changed = {**(more or {}), "policy": name, "config": config, "floor": floor}
        job = replace(job_of(opened), **changed)
        self.policy = built(job, opened.learner)
        if state is not None:
            try:
                self.policy.load(state)
            except StateError as error:
                raise DataError(f"challenger {name!r}: {error}") from error
        self.past = Past(learned)
        self.decisions = self.learned = self.same_arm = 0
        self._on_logged: list[float] = []

    @property
    def probability(self) -> float:
        """Mean probability that the challenger gives to the arm in the log."""
        return fsum(self._on_logged) / len(self._on_logged) if self._on_logged else float("nan")

    def feed(self, event: Event, seq: int = 0) -> None:
        """The next event of the learner; DataError where the challenger cannot decide."""
        if isinstance(event, Decided):
            self._decided(event)
        elif isinstance(event, Settled):
            self.past.settled(event)
        elif isinstance(event, Observed):
            pending = self.past.pending(event.decision_id, event.learner)
            outcome = self.past.observed(event)
            self.policy.observe(pending.context, pending.decision, outcome)
        elif isinstance(event, Learned):
            self.learn(event)

    def learn(self, event: Learned) -> None:
        """Teach the challenger what the learner learned."""
        self.policy.learn(*self.past.learned(event))
        self.learned += 1

    def note(self, event: Decided, decision: Decision) -> None:
        """Compare the challenger's decision with the one in the log."""
        self.decisions += 1
        self.same_arm += decision.arm == event.arm
        column = event.candidates.index(event.arm)
        self._on_logged.append(decision.probabilities[column])

    def _decided(self, event: Decided) -> None:
        pending = self.past.decided(event)
        if self.reads and event.kind != "shadow":
            features = unpacked(event.more_features[self.reads])
            pending.context = msgspec.structs.replace(pending.context, features=features)
        if event.kind not in ("primary", "fallback") or event.carried:
            return
        rng = DecisionRng(self.opened.seed, event.request_id, event.attempt)
        try:
            decision = self.policy.decide(pending.context, rng)
        except GairpError as error:
            raise DataError(
                f"challenger {self.name!r} on the log of {event.learner!r}, decision "
                f"{event.decision_id}: it cannot decide ({error})"
            ) from error
        self.note(event, decision)
