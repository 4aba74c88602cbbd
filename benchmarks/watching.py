"""What it takes to watch a request: `python -m benchmarks.watching`.

Processor time a request, in microseconds, of the access log, of OpenTelemetry's spans and
measurements (to an exporter that throws all away), and of keeping content (on the thread that
encrypts and writes). All of it is off by default, and costs nothing then.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from collections.abc import Callable

from gairp.gateway.access_log import AccessLog
from gairp.gateway.content.item import Content, Item
from gairp.gateway.content.master_keys import MasterKeys
from gairp.gateway.content.vault import Vault
from gairp.gateway.database.store import open_store
from gairp.gateway.exchange.request import NOTHING
from gairp.gateway.exchange.watched import SeenCall
from gairp.gateway.principal import Principal
from gairp.gateway.tracing.server import Server
from gairp.gateway.tracing.tracer import RequestTracer
from gairp.gateway.watcher import Watcher
from gairp.telemetry.logs import LogSettings, configure
from gairp.telemetry.otel.pipeline import Pipeline, resource_of
from gairp.telemetry.otel.settings import OtelSettings
from gairp.types import Attempt, Decision, Outcome, Response, Usage

_COUNT = 5_000
_DECISION = Decision(
    id="req-1/0", request_id="req-1", arm="small", propensity=0.5, probabilities=(0.5, 0.5),
    policy="linucb", state_version=1,
)  # fmt: skip
_RESPONSE = Response(model="small", usage=Usage(input_tokens=100.0, output_tokens=20.0))
_OUTCOME = Outcome(
    request_id="req-1", attempts=(Attempt(decision=_DECISION, response=_RESPONSE, cost_usd=1e-5),),
    total_cost_usd=1e-5, latency_s=0.1, completed_at=1.0,
)  # fmt: skip
_HEADERS = {b"traceparent": b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}


def main() -> None:
    """Measure all, and print a line each and one of JSON."""
    configure(LogSettings(format="json", access=True), to=io.StringIO())
    found = {
        "access_log_us": _watched(Watcher([AccessLog()])),
        "spans_us": _traced(traces=True),
        "measurements_us": _traced(traces=False),
        "content_us": _kept(),
    }
    for name, value in found.items():
        print(f"{name:<16} {value:6.1f}")
    print(json.dumps({name: round(value, 1) for name, value in found.items()}))


def _watched(watcher: Watcher) -> float:
    who = Principal(tenant="acme", key_id="k1")

    def request() -> None:
        watched = watcher.begin("req-1", "chat", _HEADERS)
        watched.principal, watched.peek = who, NOTHING
        if watched.trace is not None:
            watched.trace.headers_of("req-1/0.0")
        now = watched.now_ns()
        watched.calls.append(SeenCall("req-1/0.0", 0, _DECISION, now, now, _RESPONSE))
        watched.outcome = _OUTCOME
        watched.end(200)

    return _us_each(request, _COUNT)


def _traced(*, traces: bool) -> float:
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    exporter.shutdown()  # takes all, and keeps nothing
    pipeline = Pipeline(
        resource=resource_of(OtelSettings()),
        processor=BatchSpanProcessor(exporter) if traces else None,
        reader=None if traces else InMemoryMetricReader(),
    )
    tracer = RequestTracer(pipeline, {"small": Server("small", "openai", "api.openai.com", 443)})
    try:
        return _watched(Watcher(tracer=tracer))
    finally:
        pipeline.close()


def _kept(count: int = 2_000, batch: int = 200) -> float:
    content = Content(
        operation="chat", status=200, prompt=b'{"messages": "why?"}' * 50, answer=b"because" * 50,
        prompt_bytes=1_000, answer_bytes=350,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/ledger.db")
        vault = Vault(store, MasterKeys({"k1": b"k" * 32}), keep_s=86_400.0)
        batches = [
            [
                Item(decision_id=f"d{i}", request_id="r", tenant="acme", at=1.0, content=content)
                for i in range(first, first + batch)
            ]
            for first in range(0, count, batch)
        ]
        waiting = iter(batches)
        found = _us_each(lambda: vault.put(next(waiting)), len(batches)) / batch
        store.dispose()
        return found


def _us_each(work: Callable[[], object], count: int) -> float:
    start = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - start) / count * 1e6


if __name__ == "__main__":
    main()
