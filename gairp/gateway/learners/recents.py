"""The latest requests, so that they can be explained; the oldest give way."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from gairp.types import Context, Decision, Outcome


class Recent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request: everything that was decided, and how it ended."""

    tenant: str
    learner: str
    asked: str  #: the model that the client named
    rule: str
    at: float  #: Unix time
    context: Context
    decisions: tuple[Decision, ...]
    outcome: Outcome


class Recents:
    """By request; a decision's id begins with its request's."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._kept: OrderedDict[str, Recent] = OrderedDict()

    def keep(self, recent: Recent) -> None:
        """The newest."""
        kept = self._kept
        kept[recent.outcome.request_id] = recent
        if len(kept) > self.capacity:
            kept.popitem(last=False)

    def find(self, decision_id: str, tenant: str | None) -> Recent | None:
        """None where it is not kept, or is another tenant's; `tenant` None sees all."""
        recent = self._kept.get(decision_id.partition("/")[0])
        if recent is None or (tenant is not None and recent.tenant != tenant):
            return None
        return recent


def explained(recent: Recent) -> dict[str, object]:
    """As JSON: what was chosen among what, with which probabilities, and what came of it."""
    outcome, context = recent.outcome, recent.context
    return {
        "object": "decision",
        "request_id": outcome.request_id,
        "created": int(recent.at),
        "model_asked": recent.asked,
        "rule": recent.rule or None,
        "learner": recent.learner,
        "candidates": [
            {
                "arm": name,
                "expected_cost_usd": _number(float(context.expected_cost[i])),
                "max_cost_usd": _number(float(context.max_cost[i])),
            }
            for i, name in enumerate(context.candidates)
        ],
        "decisions": [_decision(d) for d in recent.decisions],
        "attempts": _attempts(recent.outcome),
        "refused": outcome.refused,
        "total_cost_usd": _number(outcome.total_cost_usd),
        "latency_s": _number(outcome.latency_s),
    }


def _decision(decision: Decision) -> dict[str, object]:
    return {
        "id": decision.id,
        "kind": decision.kind,
        "arm": decision.arm,
        "propensity": decision.propensity,
        "conditional_propensity": decision.conditional_propensity,
        "probabilities": list(decision.probabilities),
        "scores": None if decision.scores is None else [_number(s) for s in decision.scores],
        "policy": decision.policy,
        "policy_version": decision.policy_version,
        "state_version": decision.state_version,
        "branch": decision.branch,
        "unit": decision.unit,
        "reason": decision.reason or None,
    }


def _attempts(outcome: Outcome) -> Sequence[dict[str, object]]:
    return [
        {
            "decision_id": attempt.decision.id,
            "arm": attempt.decision.arm,
            "model": attempt.response.model,
            "calls": attempt.calls,
            "cost_usd": _number(attempt.cost_usd),
            "input_tokens": _number(attempt.response.usage.input_tokens),
            "output_tokens": _number(attempt.response.usage.output_tokens),
            "first_token_s": _number(attempt.response.first_token_s),
            "latency_s": _number(attempt.response.latency_s),
            "finish_reason": attempt.response.finish_reason,
            "error": None if attempt.response.error is None else str(attempt.response.error),
        }
        for attempt in outcome.attempts
    ]


def _number(value: float) -> float | None:
    """None for what nobody knows."""
    return value if value == value and abs(value) != float("inf") else None
