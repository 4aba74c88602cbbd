"""Spans that are over, in the form that OpenTelemetry's exporters take.

They are made in one piece rather than by the SDK's tracer: that one draws ids of its own, and model
servers have been told of ours before; and most of its time goes into what may change before a span
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gairp.telemetry.span import Attribute, Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import SpanContext

_LONGEST = 256  #: of a text in an attribute


class SpanWriter:
    """Hands them to a processor, which batches and drops."""

    def __init__(self, resource: Any, processor: SpanProcessor) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        self._resource, self._processor = resource, processor
        self._trace, self._readable = trace, ReadableSpan
        self._scope = InstrumentationScope("gairp")
        self._kinds = {"server": trace.SpanKind.SERVER, "client": trace.SpanKind.CLIENT}
        self._unset = trace.Status(trace.StatusCode.UNSET)
        self._error = trace.Status(trace.StatusCode.ERROR)

    def write(self, span: Span) -> None:
        """A span that was sampled."""
        parent_id = span.context.parent_id
        parent = self._context(span, parent_id, remote=span.remote) if parent_id else None
        self._processor.on_end(
            self._readable(
                name=span.name[:_LONGEST],
                context=self._context(span, span.span_id, remote=False),
                parent=parent,
                resource=self._resource,
                attributes={name: _short(value) for name, value in span.attributes.items()},
                kind=self._kinds[span.kind],
                status=self._error if span.failed else self._unset,
                start_time=span.begun_ns,
                end_time=span.ended_ns,
                instrumentation_scope=self._scope,
            )
        )

    def close(self) -> None:
        """Send what is left; blocks."""
        self._processor.shutdown()

    def _context(self, span: Span, span_id: int, *, remote: bool) -> SpanContext:
        trace, context = self._trace, span.context
        state = trace.TraceState.from_header([context.state.decode()]) if context.state else None
        found: SpanContext = trace.SpanContext(
            context.trace_id, span_id, is_remote=remote,
            trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED), trace_state=state,
        )  # fmt: skip
        return found


def _short(value: Attribute) -> str | bool | int | float | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(value)
    return value[:_LONGEST] if isinstance(value, str) else value
