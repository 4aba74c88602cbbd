"""A line in the log for each request, of names, numbers and times alone."""

from __future__ import annotations

import logging

from gairp.gateway.exchange.watched import SeenCall, Watched
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.access")


class AccessLog:
    """Told of every request that has ended."""

    def told(self, watched: Watched, calls: list[SeenCall], *, late: bool) -> None:
        """Log it; a call that ends after its request is no request of its own."""
        if late:
            return
        seconds = (watched.ended_ns - watched.begun_ns) / 1e9
        who, outcome = watched.principal, watched.outcome
        last = outcome.attempts[-1].decision if outcome is not None and outcome.attempts else None
        note(
            _LOG,
            logging.INFO,
            "gateway.request",
            f"{watched.id} {watched.operation} {watched.status} in {seconds:.4f} s",
            request=watched.id,
            operation=watched.operation,
            status=watched.status,
            seconds=round(seconds, 6),
            tenant=None if who is None else who.tenant,
            key=None if who is None else who.key_id,
            decision=None if last is None else last.id,
            arm=None if last is None else last.arm,
            calls=len(calls),
        )
