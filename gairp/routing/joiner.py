"""Joins feedback, whenever it arrives, with the decision that it is about."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from gairp.errors import ConfigError
from gairp.protocols import Policy
from gairp.types import Context, Decision, Feedback, Outcome


class LearnLog(Protocol):
    """Is told what is about to be learned."""

    def learned(self, decision: Decision, feedback: Feedback) -> None: ...


class FeedbackJoiner:
    """Keeps completed decisions until their feedback comes, and drops what comes twice.

    At most `capacity` decisions wait; the oldest gives way, and feedback for it is then dropped.
    """

    def __init__(
        self, policy: Policy, *, capacity: int = 100_000, log: LearnLog | None = None
    ) -> None:
        if capacity < 1:
            raise ConfigError(f"feedback.capacity is {capacity}; give at least 1")
        self.policy, self.log = policy, log
        self.capacity = capacity
        self.expired = 0  #: decisions that gave way before feedback came
        self.dropped = 0  #: feedback that came twice, too late, or for no decision known
        self._pending: OrderedDict[str, tuple[Context, Decision, Outcome]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pending)

    def expect(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """A request has completed; its feedback may come."""
        pending = self._pending
        pending[decision.id] = (context, decision, outcome)
        if len(pending) > self.capacity:
            pending.popitem(last=False)
            self.expired += 1

    def forget(self, decision_id: str) -> None:
        """No feedback will ever come for this decision."""
        self._pending.pop(decision_id, None)

    def deliver(self, feedback: Feedback) -> bool:
        """Let the policy learn; False where nobody waits for this feedback."""
        waiting = self._pending.pop(feedback.decision_id, None)
        if waiting is None:
            self.dropped += 1
            return False
        if self.log is not None:
            self.log.learned(waiting[1], feedback)
        self.policy.learn(*waiting, feedback)
        return True
