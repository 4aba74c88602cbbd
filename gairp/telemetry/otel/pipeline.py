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
from gairp.telemetry.otel.span_writer import SpanWriter
from gairp.telemetry.span import Attribute, Span

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor

Record = Callable[[float, Mapping[str, Attribute]], None]
_TIMEOUT_S = 5.0


class Pipeline:
    """One for a process; it is nobody's global provider."""

    def __init__(
        self, *, resource: Any, processor: SpanProcessor | None, reader: MetricReader | None
    ) -> None:
        """Without a processor no spans are made, without a reader nothing is measured."""
        from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider

        self._spans = None if processor is None else SpanWriter(resource, processor)
        self.traces, self.metrics = processor is not None, reader is not None
        self._meters = MeterProvider(
            [] if reader is None else [reader],
            resource=resource,
            exemplar_filter=AlwaysOffExemplarFilter(),
            shutdown_on_exit=False,
        )
        self._meter = self._meters.get_meter("gairp")

    def write(self, span: Span) -> None:
        """A span that is over, and was sampled."""
        if self._spans is not None:
            self._spans.write(span)

    def histogram(self, name: str, unit: str, what: str, bounds: Sequence[float]) -> Record:
        """What records a value with its attributes."""
        made = self._meter.create_histogram(
            name, unit, what, explicit_bucket_boundaries_advisory=bounds
        )
        return made.record

    def close(self) -> None:
        """Send what is left, for a few seconds at most; blocks."""
        if self._spans is not None:
            self._spans.close()
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
