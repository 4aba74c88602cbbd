"""Hands what is seen of requests to the access log and to traces; there is none without them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from gairp.gateway.exchange.watched import SeenCall, Trace, Watched
from gairp.telemetry.event import note
from gairp.types import Operation

_LOG = logging.getLogger("gairp.gateway")


class Observer(Protocol):
    """Is told of each request that has ended, and (`late`) of calls that end after theirs."""

    def told(self, watched: Watched, calls: list[SeenCall], *, late: bool) -> None: ...


class Tracer(Observer, Protocol):
    """Says where a request belongs, as the client's headers have it."""

    def begun(self, headers: Mapping[bytes, bytes]) -> Trace: ...


class Watcher:
    """All observers of one gateway."""

    def __init__(self, observers: Sequence[Observer] = (), *, tracer: Tracer | None = None) -> None:
        self._tracer = tracer
        self._observers = (*observers, *(() if tracer is None else (tracer,)))

    def begin(
        self, request_id: str, operation: Operation, headers: Mapping[bytes, bytes]
    ) -> Watched:
        """A request has come."""
        trace = None if self._tracer is None else self._tracer.begun(headers)
        return Watched(request_id, operation, self._tell, trace)

    def _tell(self, watched: Watched, calls: list[SeenCall]) -> None:
        late = calls is not watched.calls
        for observer in self._observers:
            try:
                observer.told(watched, calls, late=late)
            except Exception as error:  # a request must not end otherwise for being watched
                note(_LOG, logging.ERROR, "watch.failed", f"{type(observer).__name__} failed",
                     error=error, request=watched.id)  # fmt: skip
