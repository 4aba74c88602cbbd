"""Turns what the router does into the events of the interaction log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Protocol

import msgspec

from gairp.records.events import (
    Billing,
    Called,
    Decided,
    Ended,
    Event,
    Learned,
    Observed,
    Settled,
    packed,
    packed_each,
)
from gairp.routing.steps import Call
from gairp.types import (
    Arm,
    Context,
    Decision,
    Failure,
    Feedback,
    Floats,
    Load,
    Outcome,
    Request,
    Response,
)


class Sink(Protocol):
    """What takes events: a journal, or a list in a test."""

    def append(self, event: Event) -> None: ...


class EventLog:
    """The log of one learner; it implements what `Router` and `FeedbackJoiner` tell.

    `arms` gives the models that are asked, `more_features` what further builders (`log.features`)
    make of a request. Content is left out unless `content` is set: hashes only. Without `words`
    failures are kept by kind and status alone: what a server says may repeat what it was asked.
    """

    def __init__(
        self,
        *,
        learner: str,
        sink: Sink,
        arms: Mapping[str, Arm] | None = None,
        reserved: Callable[[str], tuple[float, int]] | None = None,
        more_features: Callable[[Request], Mapping[str, Floats]] | None = None,
        content: bool = False,
        words: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.learner, self.sink, self.content, self._now = learner, sink, content, now
        self._words = words
        self._arms, self._reserved, self._more = arms or {}, reserved, more_features
        self.as_of: int | None = None  #: of a copy of the policy, see `Decided`
        self._last_call: dict[str, str] = {}  # decision -> its last call, until it is observed

    def decided(self, request: Request, context: Context, decision: Decision) -> None:
        """A decision, before anything is done about it."""
        more = _NO_MORE if self._more is None else _packed_all(self._more(request))
        features, expected, most = packed_each(
            context.features, context.expected_cost, context.max_cost
        )
        load = None if context.load is None else _load(context.load)
        reason = decision.reason
        self.sink.append(
            Decided(
                learner=self.learner,
                at=self._now(),
                decision_id=decision.id,
                request_id=request.id,
                attempt=decision.attempt,
                kind=decision.kind,
                now=context.now,
                features=features,
                candidates=context.candidates,
                expected_cost=expected,
                max_cost=most,
                load=load,
                budget=context.budget,
                arm=decision.arm,
                propensity=decision.propensity,
                probabilities=decision.probabilities,
                scores=decision.scores,
                policy=decision.policy,
                policy_version=decision.policy_version,
                state_version=decision.state_version,
                reason=reason,
                branch=decision.branch,
                unit=decision.unit,
                conditional_propensity=decision.conditional_propensity,
                carried=reason.startswith("carried") if reason else False,
                tenant=request.tenant,
                session=request.session,
                category=request.tags.get("category"),
                tags=request.tags,
                prompt_hash=_hash_of(request),
                more_features=more,
                content=list(request.messages) if self.content else None,
                as_of=self.as_of,
            )
        )

    def called(self, call: Call) -> None:
        """The intent of a call."""
        decision = call.decision
        arm = self._arms.get(decision.arm)
        usd, tokens = (0.0, 0) if self._reserved is None else self._reserved(call.id)
        self._last_call[decision.id] = call.id
        self.sink.append(
            Called(
                learner=self.learner,
                at=self._now(),
                call_id=call.id,
                decision_id=decision.id,
                arm=decision.arm,
                model=decision.arm if arm is None else arm.model,
                reserved_usd=usd,
                reserved_tokens=tokens,
            )
        )

    def settled(self, call: Call, response: Response, cost_usd: float) -> None:
        """How a call ended."""
        error = response.error
        if error is not None and not self._words:
            error = msgspec.structs.replace(error, message=_without_words(error))
        if call.decision.kind == "shadow" or (error is not None and error.kind == "cancelled"):
            self._last_call.pop(call.decision.id, None)  # will not be observed
        self.sink.append(
            Settled(
                learner=self.learner,
                at=self._now(),
                call_id=call.id,
                decision_id=call.decision.id,
                arm=call.decision.arm,
                model=response.model,
                usage=response.usage,
                cost_usd=cost_usd,
                billing=billing_of(response),
                first_token_s=response.first_token_s,
                inter_token_s=response.inter_token_s,
                latency_s=response.latency_s,
                queue_s=response.queue_s,
                finish_reason=response.finish_reason,
                signals=response.signals,
                error=error,
                response_hash=_hash(response.content) if response.content else response.digest,
                content=response.content if self.content else None,
            )
        )

    def observed(self, decision: Decision, outcome: Outcome) -> None:
        """An outcome, before the policy is told of it."""
        self.sink.append(
            Observed(
                learner=self.learner,
                at=self._now(),
                decision_id=decision.id,
                request_id=outcome.request_id,
                attempts=tuple(
                    [
                        Ended(
                            decision_id=attempt.decision.id,
                            call_id=self._last_call.pop(attempt.decision.id, ""),
                            cost_usd=attempt.cost_usd,
                            calls=attempt.calls,
                        )
                        for attempt in outcome.attempts
                    ]
                ),
                total_cost_usd=outcome.total_cost_usd,
                latency_s=outcome.latency_s,
                completed_at=outcome.completed_at,
                refused=outcome.refused,
            )
        )

    def learned(self, decision: Decision, feedback: Feedback) -> None:
        """Feedback, before the policy learns from it."""
        self.sink.append(
            Learned(
                learner=self.learner,
                at=self._now(),
                decision_id=decision.id,
                quality=feedback.quality,
                source=feedback.source,
                received_at=feedback.received_at,
            )
        )


def billing_of(response: Response) -> Billing:
    """Whether the provider charged: not for an error status; of a broken answer nobody knows."""
    if response.cached:
        return "cached"
    if response.error is None:
        return "billed"
    return "unknown" if response.error.billing_unknown else "free"


_NO_MORE: Mapping[str, bytes] = {}


def _packed_all(rows: Mapping[str, Floats]) -> Mapping[str, bytes]:
    return {name: packed(values) for name, values in rows.items()}


def _load(load: Load) -> tuple[bytes, bytes, bytes, bytes | None]:
    ours = load.in_flight, load.queued, load.recent_latency_s
    if load.kv_cache_use is None:
        in_flight, queued, latency_s = packed_each(*ours)
        return in_flight, queued, latency_s, None
    in_flight, queued, latency_s, kv_cache_use = packed_each(*ours, load.kv_cache_use)
    return in_flight, queued, latency_s, kv_cache_use


def _without_words(error: Failure) -> str:
    return error.kind if error.status is None else f"{error.kind}, HTTP {error.status}"


def _hash_of(request: Request) -> str:
    """Of the body as it came, where it is kept; else of the messages; "" where there are none."""
    if request.raw_body is not None:
        return blake2b(request.raw_body, digest_size=16).hexdigest()
    if not request.messages:
        return ""
    return _hash(json.dumps(request.messages, sort_keys=True, default=str))


def _hash(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
