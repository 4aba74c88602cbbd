"""Says in the log when a model's breaker opens or closes, and when an arm is ejected."""

from __future__ import annotations

import logging

from gairp.routing.breaker import Breakers
from gairp.routing.outliers import Outliers
from gairp.telemetry.event import note
from gairp.types import Failure

_LOG = logging.getLogger("gairp.gateway")


class Alarms:
    """Looks after a call that failed, and as long as a breaker is open; costs nothing else."""

    def __init__(self, breakers: Breakers, outliers: Outliers) -> None:
        self._breakers, self._outliers = breakers, outliers
        self._open: set[str] = set()
        self._ejections = outliers.ejections

    def ended(self, arm: str, model: str, error: Failure | None, now: float) -> None:
        """A call has ended, and breakers and outliers know of it."""
        if error is None and not self._open:
            return
        closed = self._breakers.of(model).closed
        if not closed and model not in self._open:
            self._open.add(model)
            cause = "" if error is None else error.kind
            note(_LOG, logging.WARNING, "breaker.opened",
                 f"model {model!r} is left alone: it fails ({cause})",
                 model=model, cause=cause)  # fmt: skip
        elif closed and model in self._open:
            self._open.discard(model)
            note(_LOG, logging.WARNING, "breaker.closed", f"model {model!r} answers again",
                 model=model)  # fmt: skip
        if self._outliers.ejections != self._ejections:
            self._ejections = self._outliers.ejections
            seconds = self._outliers.left_s(arm, now)
            note(_LOG, logging.WARNING, "arm.ejected",
                 f"arm {arm!r} is left alone for {seconds:.0f} s: it fails more often than its "
                 "peers", arm=arm, seconds=round(seconds, 3))  # fmt: skip
