"""From what was seen of a request to spans and measurements, after its last byte."""

from __future__ import annotations

from collections.abc import Mapping

from gairp.gateway.exchange.watched import SeenCall, Watched
from gairp.gateway.tracing.attributes import OPERATIONS, of_call, of_request
from gairp.gateway.tracing.instruments import Instruments
from gairp.gateway.tracing.request_trace import RequestTrace, new_context
from gairp.gateway.tracing.server import Server
from gairp.telemetry.otel.pipeline import Pipeline
from gairp.telemetry.span import Span
from gairp.telemetry.trace_context import read_context


class RequestTracer:
    """Makes a span of each request, and below it one of each call to a model."""

    def __init__(
        self, pipeline: Pipeline, servers: Mapping[str, Server], *, sample: float = 1.0
    ) -> None:
        """`servers` by arm; `sample` is the share of the traces that begin here."""
        self._pipeline, self._servers, self._sample = pipeline, servers, sample
        self._instruments = Instruments(pipeline) if pipeline.metrics else None

    def begun(self, headers: Mapping[bytes, bytes]) -> RequestTrace:
        """A request has come: of the client's trace, or with one of its own."""
        share = self._sample if self._pipeline.traces else 0.0
        return RequestTrace(read_context(headers) or new_context(share))

    def told(self, watched: Watched, calls: list[SeenCall], *, late: bool) -> None:
        """It has ended; `late` are calls that ended after it."""
        trace = watched.trace
        assert isinstance(trace, RequestTrace)
        if self._instruments is not None:
            self._measure(self._instruments, watched, calls, late=late)
        if not (self._pipeline.traces and trace.context.sampled):
            return
        for seen in calls:
            self._pipeline.write(self._call(watched, trace, seen))
        if not late:
            self._pipeline.write(self._request(watched, trace, len(calls)))

    def _measure(
        self, instruments: Instruments, watched: Watched, calls: list[SeenCall], *, late: bool
    ) -> None:
        for seen in calls:
            instruments.call(watched, seen, self._servers[seen.decision.arm])
        if not late:
            instruments.request(watched)

    def _call(self, watched: Watched, trace: RequestTrace, seen: SeenCall) -> Span:
        server = self._servers[seen.decision.arm]
        response = seen.response
        return Span(
            name=f"{OPERATIONS[watched.operation][0]} {server.model}",
            kind="client",
            context=trace.below,
            span_id=trace.span_of(seen.id),
            remote=False,
            begun_ns=seen.begun_ns,
            ended_ns=seen.ended_ns,
            attributes=of_call(watched, seen, server),
            failed=response is None or response.error is not None,
        )

    def _request(self, watched: Watched, trace: RequestTrace, calls: int) -> Span:
        return Span(
            name=f"POST {OPERATIONS[watched.operation][1]}",
            kind="server",
            context=trace.context,
            span_id=trace.span_id,
            remote=True,
            begun_ns=watched.begun_ns,
            ended_ns=watched.ended_ns,
            attributes=of_request(watched, calls),
            failed=watched.status >= 500,
        )
