"""Ids of spans that were named before they were made: servers have been told of them already."""

from __future__ import annotations

from opentelemetry.sdk.trace.id_generator import IdGenerator


class GivenIds(IdGenerator):
    """Gives what it was given last; one thread makes all spans."""

    def __init__(self) -> None:
        self._trace_id = self._span_id = 0

    def give(self, trace_id: int, span_id: int) -> None:
        """Of the next span."""
        self._trace_id, self._span_id = trace_id, span_id

    def generate_span_id(self) -> int:
        """As OpenTelemetry's SDK asks for it."""
        return self._span_id

    def generate_trace_id(self) -> int:
        """As OpenTelemetry's SDK asks for it."""
        return self._trace_id
