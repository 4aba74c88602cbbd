"""What happens when, in shares of the run's time."""

from __future__ import annotations

from typing import Literal, NamedTuple

What = Literal[
    "kill gateway", "kill feeds", "kill model", "start model", "stop PostgreSQL",
    "start PostgreSQL", "stop Redis", "start Redis", "kill worker", "kill learner",
]  # fmt: skip


class Event(NamedTuple):
    """At this share of the time."""

    at: float
    what: What


def plan(*, kills: int, postgres: bool, redis: bool, workers: int = 1) -> list[Event]:
    """Kills of the gateway spread over the time; a model dies twice, and what follows the journal
    for ledger and audit log; the services are away once. Of several workers one is killed twice,
    and the learner.
    """
    events = [Event((i + 1) / (kills + 1), "kill gateway") for i in range(kills)]
    events += [Event(0.18, "kill feeds"), Event(0.70, "kill feeds")]
    for start, end in ((0.08, 0.14), (0.80, 0.86)):
        events += [Event(start, "kill model"), Event(end, "start model")]
    if postgres:
        # Over a kill, too: the ledger is away while the gateway comes back.
        events += [Event(0.34, "stop PostgreSQL"), Event(0.44, "start PostgreSQL")]
    if redis:
        events += [Event(0.58, "stop Redis"), Event(0.64, "start Redis")]
    if workers > 1:
        events += [Event(at, "kill worker") for at in (0.20, 0.66)]
        events += [Event(at, "kill learner") for at in (0.30, 0.90)]
    return sorted(events)
