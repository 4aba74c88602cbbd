"""What one learner has decided, and what came of it, as long as anything may still need it."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from gairp.errors import DataError
from gairp.records.events import Decided, Learned, Observed, Settled
from gairp.routing.rebuild import context_of, decision_of, response_of
from gairp.types import Attempt, Context, Decision, Failure, Feedback, Outcome, Response


@dataclass(slots=True)
class Pending:
    """A decision under way."""

    context: Context
    decision: Decision
    response: Response
    cost_usd: float = 0.0
    calls: int = 0
    outcome: Outcome | None = None
    learned: bool = False
    copied: bool = False  #: a copy of the policy decided

    def attempt(self) -> Attempt:
        """As the router keeps it."""
        return Attempt(
            decision=self.decision,
            response=self.response,
            cost_usd=self.cost_usd,
            calls=self.calls,
        )


class Past:
    """Takes a learner's events and gives back what the policy was handed with each."""

    def __init__(self, learned: Container[str]) -> None:
        """`learned`: the decisions that feedback will come for; others end with their outcome."""
        self._learned = learned
        self._pending: dict[str, Pending] = {}
        self._requests: dict[str, list[str]] = {}  # request -> its decisions, shadows left out

    def decided(self, event: Decided) -> Pending:
        """A decision as it was logged."""
        pending = Pending(context_of(event), decision_of(event), _NEVER_CALLED)
        self._pending[event.decision_id] = pending
        if event.kind != "shadow":
            self._requests.setdefault(event.request_id, []).append(event.decision_id)
        return pending

    def settled(self, event: Settled) -> None:
        """One more call of a decision; those of nobody's decision (a grader's) are passed over."""
        pending = self._pending.get(event.decision_id)
        if pending is None:
            return
        if pending.decision.kind == "shadow":
            del self._pending[event.decision_id]
            return
        pending.response = response_of(event)
        pending.cost_usd = pending.cost_usd + event.cost_usd if pending.calls else event.cost_usd
        pending.calls += 1

    def attempts(self, request_id: str) -> tuple[Attempt, ...]:
        """What has been tried for a request so far."""
        names = self._requests.get(request_id, ())
        return tuple(self._pending[name].attempt() for name in names)

    def pending(self, decision_id: str, learner: str) -> Pending:
        """A decision under way; DataError where the log lacks it."""
        try:
            return self._pending[decision_id]
        except KeyError:
            raise DataError(
                f"learner {learner!r}: the log speaks of decision {decision_id!r}, which it has "
                "not decided; its beginning is missing, or it was written by something else"
            ) from None

    def observed(self, event: Observed) -> Outcome:
        """An outcome, put together of its attempts."""
        outcome = Outcome(
            request_id=event.request_id,
            attempts=tuple(
                self.pending(ended.decision_id, event.learner).attempt() for ended in event.attempts
            ),
            total_cost_usd=event.total_cost_usd,
            latency_s=event.latency_s,
            completed_at=event.completed_at,
            refused=event.refused,
        )
        self.pending(event.decision_id, event.learner).outcome = outcome
        self._drop(event, outcome)
        return outcome

    def learned(self, event: Learned) -> tuple[Context, Decision, Outcome, Feedback]:
        """What the policy was taught."""
        pending = self.pending(event.decision_id, event.learner)
        if pending.outcome is None:
            raise DataError(
                f"learner {event.learner!r}: the log learns of decision {event.decision_id!r} "
                "before its outcome; it was written by something else"
            )
        pending.learned = True
        if pending.decision.request_id not in self._requests:
            del self._pending[event.decision_id]
        feedback = Feedback(
            decision_id=event.decision_id,
            quality=event.quality,
            source=event.source,
            received_at=event.received_at,
        )
        return pending.context, pending.decision, pending.outcome, feedback

    def _drop(self, event: Observed, outcome: Outcome) -> None:
        """Forget what nothing will come for; after a failure another attempt may follow."""
        if outcome.attempts and outcome.attempts[-1].response.error is not None:
            return
        for name in self._requests.pop(event.request_id, ()):
            pending = self._pending[name]
            if pending.outcome is None or pending.learned or name not in self._learned:
                del self._pending[name]


_NEVER_CALLED = Response(
    model="",
    finish_reason="",
    latency_s=0.0,
    error=Failure(kind="unavailable", message="the call was never made: see the run's ceiling"),
)
