"""The latest requests of all workers, out of what they logged, so that any can be explained."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from gairp.gateway.learners.recents import Recent
from gairp.records.events import Decided, Event
from gairp.routing.rebuild import context_of, decision_of
from gairp.types import Outcome


@dataclass(slots=True)
class _Request:
    decided: list[Decided] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


class Recalled:
    """Keeps events as they are; only what is asked for is put together."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._kept: OrderedDict[str, _Request] = OrderedDict()

    def heard(self, event: Event) -> None:
        """One event of the log."""
        if not isinstance(event, Decided) or event.kind == "shadow":
            return
        self._kept.setdefault(event.request_id, _Request()).decided.append(event)
        if len(self._kept) > self.capacity:
            self._kept.popitem(last=False)

    def ended(self, outcome: Outcome) -> None:
        """A decision's calls are over."""
        request = self._kept.get(outcome.request_id)
        if request is not None:
            request.outcomes.append(outcome)

    def find(self, decision_id: str, tenant: str | None) -> Recent | None:
        """None where it is not kept, has not ended, or is another tenant's; None sees all."""
        request = self._kept.get(decision_id.partition("/")[0])
        if request is None or not request.outcomes:
            return None
        first, last = request.decided[0], request.decided[-1]
        if tenant is not None and first.tenant != tenant:
            return None
        return Recent(
            tenant=first.tenant or "",
            learner=last.learner,
            asked=first.tags.get("asked", ""),
            rule=first.tags.get("rule", ""),
            at=first.at,
            context=context_of(first),
            decisions=tuple(decision_of(event) for event in request.decided),
            outcome=_joined(request.outcomes),
        )


def _joined(outcomes: list[Outcome]) -> Outcome:
    """Of the decisions of a request, each of which has an outcome of its own."""
    last = outcomes[-1]
    return Outcome(
        request_id=last.request_id,
        attempts=tuple(attempt for outcome in outcomes for attempt in outcome.attempts),
        total_cost_usd=sum(outcome.total_cost_usd for outcome in outcomes),
        latency_s=sum(outcome.latency_s for outcome in outcomes),
        completed_at=last.completed_at,
        refused=last.refused,
    )
