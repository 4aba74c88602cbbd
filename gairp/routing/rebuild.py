"""From the events of a log back to contexts, decisions, outcomes, and a learner that had them."""

from __future__ import annotations

from collections.abc import Mapping

from gairp.errors import DataError
from gairp.protocols import Policy
from gairp.records.events import (
    Called,
    Decided,
    Event,
    Graded,
    Learned,
    Observed,
    Settled,
    unpacked,
)
from gairp.routing.joiner import FeedbackJoiner
from gairp.types import (
    Attempt,
    Context,
    Decision,
    Failure,
    Feedback,
    Load,
    Outcome,
    Response,
)


def context_of(event: Decided) -> Context:
    """What the policy could read when it decided."""
    return Context(
        request_id=event.request_id,
        features=unpacked(event.features),
        candidates=event.candidates,
        expected_cost=unpacked(event.expected_cost),
        max_cost=unpacked(event.max_cost),
        now=event.now,
        load=None if event.load is None else _load(*event.load),
        budget=event.budget,
    )


def decision_of(event: Decided) -> Decision:
    """The decision as it was made."""
    return Decision(
        id=event.decision_id,
        request_id=event.request_id,
        arm=event.arm,
        propensity=event.propensity,
        probabilities=event.probabilities,
        policy=event.policy,
        state_version=event.state_version,
        kind=event.kind,
        scores=event.scores,
        policy_version=event.policy_version,
        attempt=event.attempt,
        branch=event.branch,
        unit=event.unit,
        conditional_propensity=event.conditional_propensity,
        reason=event.reason,
    )


def response_of(event: Settled) -> Response:
    """The response; without its content, unless the log kept that."""
    return Response(
        model=event.model,
        content=event.content or "",
        usage=event.usage,
        first_token_s=event.first_token_s,
        inter_token_s=event.inter_token_s,
        latency_s=event.latency_s,
        queue_s=event.queue_s,
        cost_usd=event.cost_usd,
        finish_reason=event.finish_reason,
        signals=event.signals,
        cached=event.billing == "cached",
        error=event.error,
    )


class Rebuilder:
    """Takes one learner's events in order and does to a fresh policy what was done to the first.

    Afterwards `policy` and `joiner` stand where the log ends, decisions that still wait for
    feedback included. Raises DataError for an event whose decision or call the log lacks.
    """

    def __init__(self, *, policy: Policy, joiner: FeedbackJoiner) -> None:
        self.policy, self.joiner = policy, joiner
        self.observed: dict[str, Outcome] = {}  #: by decision
        self.learned: dict[str, Feedback] = {}  #: by decision
        self.open_calls: dict[str, Called] = {}  #: intents without a settlement
        self.graded: dict[str, float] = {}  #: quality by decision, NaN where unknown
        self.decisions: dict[str, tuple[Context, Decision]] = {}
        self.tags: dict[str, Mapping[str, str]] = {}  #: of the request, by decision
        self.responses: dict[str, Response] = {}  #: by call

    def feed(self, event: Event) -> None:
        """One more event."""
        if isinstance(event, Decided):
            self.decisions[event.decision_id] = context_of(event), decision_of(event)
            self.tags[event.decision_id] = event.tags
        elif isinstance(event, Called):
            self.open_calls[event.call_id] = event
        elif isinstance(event, Settled):
            self.open_calls.pop(event.call_id, None)
            self.responses[event.call_id] = response_of(event)
        elif isinstance(event, Observed):
            self._observe(event)
        elif isinstance(event, Learned):
            self._learn(event)
        elif isinstance(event, Graded):
            self.graded[event.decision_id] = event.quality

    def attempts(self, event: Observed) -> tuple[Attempt, ...]:
        """The attempts of an outcome."""
        return tuple(
            Attempt(
                decision=self._known(ended.decision_id)[1],
                response=self.responses.get(ended.call_id, _NEVER_CALLED),
                cost_usd=ended.cost_usd,
                calls=ended.calls,
            )
            for ended in event.attempts
        )

    def _observe(self, event: Observed) -> None:
        context, decision = self._known(event.decision_id)
        outcome = Outcome(
            request_id=event.request_id,
            attempts=self.attempts(event),
            total_cost_usd=event.total_cost_usd,
            latency_s=event.latency_s,
            completed_at=event.completed_at,
            refused=event.refused,
        )
        self.observed[event.decision_id] = outcome
        self.policy.observe(context, decision, outcome)
        self.joiner.expect(context, decision, outcome)

    def _learn(self, event: Learned) -> None:
        feedback = Feedback(
            decision_id=event.decision_id,
            quality=event.quality,
            source=event.source,
            received_at=event.received_at,
        )
        if not self.joiner.deliver(feedback):
            raise DataError(
                f"the log of {event.learner!r} learns of decision {event.decision_id!r}, which it "
                "has not observed; the log is damaged, or its joiner was larger than this one"
            )
        self.learned[event.decision_id] = feedback

    def _known(self, decision_id: str) -> tuple[Context, Decision]:
        try:
            return self.decisions[decision_id]
        except KeyError:
            raise DataError(
                f"the log observes decision {decision_id!r}, which it has not decided; "
                "the log is damaged or its beginning is missing"
            ) from None


def _load(in_flight: bytes, queued: bytes, latency: bytes, kv: bytes | None) -> Load:
    return Load(
        in_flight=unpacked(in_flight),
        queued=unpacked(queued),
        recent_latency_s=unpacked(latency),
        kv_cache_use=None if kv is None else unpacked(kv),
    )


_NEVER_CALLED = Response(
    model="",
    finish_reason="",
    latency_s=0.0,
    error=Failure(kind="unavailable", message="the call was never made"),
)
