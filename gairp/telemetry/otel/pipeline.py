"""Spans and measurements on their way to a collector, in batches, from threads of their own.

Queues are bounded: where the collector is away, or slower than what comes, spans are dropped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from gairp.errors import MissingDependencyError
from gairp.telemetry.otel.settings import OtelSettings
from gairp.telemetry.span import Attribute, Span

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor

Record = Callable[[float, Mapping[str, Attribute]], None]
_LONGEST = 256  #: of a text in an attribute
_TIMEOUT_S = 5.0


class Pipeline:
    """One for a process; it is nobody's global provider."""

    def __init__(
        self, *, resource: Any, processor: SpanProcessor | None, reader: MetricReader | None
    ) -> None:
        """Without a processor no spans are made, without a reader nothing is measured."""
        from opentelemetry import trace
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        from gairp.telemetry.otel.ids import GivenIds

        self._trace, self._ids = trace, GivenIds()
        limits = SpanLimits(max_attribute_length=_LONGEST)
        self._spans = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, span_limits=limits,
            shutdown_on_exit=False,
        )  # fmt: skip
        self.traces = processor is not None
        if processor is not None:
            self._spans.add_span_processor(processor)
        readers = [] if reader is None else [reader]
        self.metrics = reader is not None
        self._meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._tracer = self._spans.get_tracer("gairp")
        self._meter = self._meters.get_meter("gairp")

    def write(self, span: Span) -> None:
        """A span that is over, and was sampled."""
        trace, context = self._trace, span.context
        parent = None
        self._ids.give(context.trace_id, span.span_id)
        if context.parent_id:
            state = trace.TraceState.from_header([context.state.decode()] if context.state else [])
            known = trace.SpanContext(
                context.trace_id, context.parent_id, is_remote=span.remote,
                trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED), trace_state=state,
            )  # fmt: skip
            parent = trace.set_span_in_context(trace.NonRecordingSpan(known))
        kind = trace.SpanKind.SERVER if span.kind == "server" else trace.SpanKind.CLIENT
        made = self._tracer.start_span(
            span.name, parent or _nothing(), kind, dict(span.attributes), start_time=span.begun_ns
        )
        if span.failed:
            made.set_status(trace.StatusCode.ERROR)
        made.end(span.ended_ns)

    def histogram(self, name: str, unit: str, what: str, bounds: Sequence[float]) -> Record:
        """What records a value with its attributes."""
        made = self._meter.create_histogram(
            name, unit, what, explicit_bucket_boundaries_advisory=bounds
        )
        return made.record

    def close(self) -> None:
        """Send what is left, for a few seconds at most; blocks."""
        self._spans.shutdown()
        self._meters.shutdown(timeout_millis=_TIMEOUT_S * 1000)


def open_pipeline(settings: OtelSettings) -> Pipeline:
    """To the collector of the settings; MissingDependencyError without the extra `otel`."""
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise MissingDependencyError(
            "opentelemetry-exporter-otlp-proto-http", extra="otel", needed_for="otel"
        ) from None
    processor = reader = None
    base = None if settings.endpoint is None else settings.endpoint.rstrip("/")
    if settings.traces:
        url = None if base is None else f"{base}/v1/traces"
        processor = BatchSpanProcessor(OTLPSpanExporter(url, timeout=_TIMEOUT_S))
    if settings.metrics:
        url = None if base is None else f"{base}/v1/metrics"
        reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(url, timeout=_TIMEOUT_S),
            export_interval_millis=settings.metrics_every_s * 1000,
        )
    return Pipeline(resource=resource_of(settings), processor=processor, reader=reader)


def resource_of(settings: OtelSettings) -> Any:
    """Which service speaks; OpenTelemetry's own variables go before the settings."""
    from opentelemetry.sdk.resources import Resource

    from gairp import __version__

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": settings.service}
    return Resource.create(
        {**named, "service.version": __version__, "service.instance.id": str(uuid4())}
    )


def _nothing() -> Any:
    from opentelemetry.context import Context

    return Context()
