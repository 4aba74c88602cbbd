"""The trace of one request: its own span, and one for each call, named before they are made."""

from __future__ import annotations

import random

from gairp.gateway.exchange.client import Headers
from gairp.telemetry.trace_context import TraceContext, headers_below

_RANDOM = random.SystemRandom()
_SHARES = 1 << 64


def new_context(share: float) -> TraceContext:
    """A trace that begins here; of all, this share is sampled, by the trace's id alone."""
    trace_id = new_id(128)
    return TraceContext(trace_id, 0, trace_id % _SHARES < round(share * _SHARES))


def new_id(bits: int) -> int:
    """Never 0, which is no id."""
    return _RANDOM.getrandbits(bits) or 1


class RequestTrace:
    """`context` is what the client sent, or a new one."""

    __slots__ = ("_calls", "context", "span_id")

    def __init__(self, context: TraceContext) -> None:
        self.context, self.span_id = context, new_id(64)
        self._calls: dict[str, int] = {}

    @property
    def below(self) -> TraceContext:
        """That of whatever the request's own span is the parent of."""
        return self.context._replace(parent_id=self.span_id)

    def headers_of(self, call_id: str) -> Headers:
        """What the server of a call is told."""
        span_id = self._calls[call_id] = new_id(64)
        return headers_below(self.context, span_id)

    def span_of(self, call_id: str) -> int:
        """The name of a call's span; of a call that was never sent, a new one."""
        return self._calls.pop(call_id, 0) or new_id(64)
