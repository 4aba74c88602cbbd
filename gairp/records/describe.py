"""What a log holds, learner by learner."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gairp.records.columns import kind_of
from gairp.records.events import Called, Event, Opened, Settled


@dataclass(slots=True)
class Summary:
    """One learner's events."""

    counts: Counter[str] = field(default_factory=Counter)
    policies: dict[str, None] = field(default_factory=dict)  #: names, in order of appearance
    first_at: float = math.inf
    last_at: float = -math.inf
    cost_usd: float = 0.0  #: of settled calls whose cost is known
    unpriced: int = 0  #: settled calls whose cost is not
    open_calls: set[str] = field(default_factory=set)  #: intents without a settlement

    def add(self, event: Event) -> None:
        """One more event."""
        self.counts[kind_of(type(event))] += 1
        self.first_at, self.last_at = min(self.first_at, event.at), max(self.last_at, event.at)
        if isinstance(event, Opened):
            self.policies[event.policy] = None
        elif isinstance(event, Called):
            self.open_calls.add(event.call_id)
        elif isinstance(event, Settled):
            self.open_calls.discard(event.call_id)
            if math.isnan(event.cost_usd):
                self.unpriced += 1
            else:
                self.cost_usd += event.cost_usd


def summaries(events: Iterable[Event]) -> dict[str, Summary]:
    """By learner, in order of appearance."""
    found: dict[str, Summary] = {}
    for event in events:
        found.setdefault(event.learner, Summary()).add(event)
    return found


def described(found: dict[str, Summary]) -> Iterator[str]:
    """Lines for a terminal."""
    for learner, summary in found.items():
        yield f"{learner}  ({', '.join(summary.policies)})" if summary.policies else learner
        yield "  events   " + ", ".join(f"{n:,} {kind}" for kind, n in summary.counts.items())
        yield f"  from     {moment(summary.first_at)}  to  {moment(summary.last_at)}"
        unpriced = f", {summary.unpriced:,} calls without a cost" if summary.unpriced else ""
        yield f"  cost     {summary.cost_usd:.6f} USD{unpriced}"
        if summary.open_calls:
            yield f"  unknown  {len(summary.open_calls):,} calls began and were never settled"


def moment(at: float) -> str:
    """A Unix time in UTC; what is near 1970 is a replay's own clock, and is told in seconds."""
    if not 1e8 < at < 1e11:
        return f"{at:.3f} s"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
