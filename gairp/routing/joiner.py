"""Joins feedback, whenever it arrives, with the decision that it is about."""

from __future__ import annotations

from gairp.errors import ConfigError
from gairp.protocols import Policy
from gairp.types import Context, Decision, Feedback, Outcome


class FeedbackJoiner:
    """Keeps completed decisions until their feedback comes, and drops what comes twice.

    At most `capacity` decisions wait; the oldest gives way, and feedback for it is then dropped.
    """

    def __init__(self, policy: Policy, *, capacity: int = 100_000) -> None:
        if capacity < 1:
            raise ConfigError(f"feedback.capacity is {capacity}; give at least 1")
        self.policy = policy
        self.capacity = capacity
        self.expired = 0  #: decisions that gave way before feedback came
        self.dropped = 0  #: feedback that came twice, too late, or for no decision known
        self._pending: dict[str, tuple[Context, Decision, Outcome]] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def expect(self, context: Context, decision: Decision, outcome: Outcome) -> None:
        """A request has completed; its feedback may come."""
        pending = self._pending
        pending[decision.id] = (context, decision, outcome)
        if len(pending) > self.capacity:
            del pending[next(iter(pending))]
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
        self.policy.learn(*waiting, feedback)
        return True
