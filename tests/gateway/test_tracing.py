"""Traces and measurements of requests, by OpenTelemetry's own exporters."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gairp.gateway.tracing.attributes import OF_CALL, OF_REQUEST
from gairp.gateway.tracing.instruments import INSTRUMENTS
from gairp.gateway.tracing.request_trace import new_context
from gairp.gateway.tracing.server import provider_of
from gairp.telemetry.otel import pipeline
from gairp.telemetry.otel.settings import OtelSettings
from tests.gateway.attack_world import UPSTREAM_KEY, attack_world
from tests.gateway.otlp_receiver import Collector, collector
from tests.gateway.world import world

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=7"}
PROMPT = "a-prompt-that-no-span-shall-have"
HI: list[Any] = [{"role": "user", "content": PROMPT}]


class Kept:
    """What was made, in memory."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()

    def open(self, settings: OtelSettings) -> pipeline.Pipeline:
        return pipeline.Pipeline(
            resource=pipeline.resource_of(settings),
            processor=SimpleSpanProcessor(self.exporter) if settings.traces else None,
            reader=self.reader if settings.metrics else None,
        )

    def spans(self, kind: str) -> list[ReadableSpan]:
        return [s for s in self.exporter.get_finished_spans() if s.kind.name == kind]

    def points(self) -> dict[str, list[Any]]:
        """Data points by instrument."""
        data: Any = self.reader.get_metrics_data()
        metrics = data.resource_metrics[0].scope_metrics[0].metrics
        return {metric.name: list(metric.data.data_points) for metric in metrics}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """In place of a collector."""
    found = Kept()
    monkeypatch.setattr(pipeline, "open_pipeline", found.open)
    yield found
    found.reader.shutdown()


def context(span: ReadableSpan) -> tuple[str, str, str]:
    """(trace, span, parent), in hexadecimal."""
    own: Any = span.context
    parent = "" if span.parent is None else f"{span.parent.span_id:016x}"
    return f"{own.trace_id:032x}", f"{own.span_id:016x}", parent


def test_what_the_model_server_is_told_is_the_span_of_its_call(tmp_path: Path, kept: Kept) -> None:
    async def work() -> Any:
        async with attack_world(tmp_path, otel={}) as it:
            reply = await it.chat(messages=HI, headers={**PARENT, "x-gairp-session": "talk-1"},
                                  max_tokens=7)  # fmt: skip
            return reply.headers, it.spy.requests[-1].decode(), it.secrets["acme"], it.spy.port

    headers, sent, secret, port = asyncio.run(work())
    (request,), (call,) = kept.spans("SERVER"), kept.spans("CLIENT")
    trace, own, parent = context(request)
    assert (trace, parent) == (TRACE, SPAN)
    assert context(call) == (TRACE, context(call)[1], own)
    assert re.findall(r"\r\ntraceparent: (.+)\r\n", sent) == [f"00-{TRACE}-{context(call)[1]}-01"]
    assert "\r\ntracestate: vendor=7\r\n" in sent
    assert (request.name, call.name) == ("POST /v1/chat/completions", "chat small")
    assert call.context is not None
    assert call.context.trace_state.get("vendor") == "7"
    told: Any = dict(call.attributes or {})
    decision = headers["x-gairp-decision-id"]
    propensity = told.pop("gairp.decision.propensity")
    assert propensity == 1.0
    assert told == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "spy",
        "gen_ai.request.model": "small", "gen_ai.request.max_tokens": 7,
        "gen_ai.conversation.id": "talk-1", "gen_ai.response.model": "small",
        "gen_ai.response.finish_reasons": ("stop",), "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2, "server.address": "127.0.0.1", "server.port": port,
        "gairp.decision.id": decision, "gairp.decision.kind": "primary", "gairp.arm": "small",
        "gairp.policy": "direct", "gairp.call.id": f"{decision}.0",
        "gairp.call.number": 0,
    }  # fmt: skip
    asked: Any = dict(request.attributes or {})
    assert asked["gairp.cost.usd"] == pytest.approx((3 * 0.1 + 2 * 0.4) / 1e6)
    assert asked["http.response.status_code"] == 200
    assert asked["gairp.tenant"] == "acme"
    assert set(asked) <= set(OF_REQUEST)
    assert set(told) < set(OF_CALL)
    assert request.start_time is not None
    assert call.start_time is not None
    assert request.end_time is not None
    assert call.end_time is not None
    assert request.start_time < call.start_time < call.end_time < request.end_time
    everything = " ".join(span.to_json() for span in (request, call))
    assert not [text for text in (PROMPT, secret, UPSTREAM_KEY) if text in everything]


def test_each_attempt_is_a_span_and_failures_say_of_which_kind(tmp_path: Path, kept: Kept) -> None:
    faults = [{"kind": "status_500", "model": "small", "when": "first 4"}]

    async def work() -> None:
        async with world(tmp_path, otel={"metrics": False}, faults=faults) as it:
            await it.ask("both", messages=HI)
            for _ in range(6):
                await it.ask("both", messages=HI)
            stream: Any = await it.client.chat.completions.create(
                model="large", messages=HI, stream=True
            )
            assert [c async for c in stream]
            with pytest.raises(Exception, match="404"):
                await it.ask("nobody")

    asyncio.run(work())
    requests, calls = kept.spans("SERVER"), kept.spans("CLIENT")
    assert len(requests) == 9
    failed = [
        call for call in calls if not call.status.is_ok and call.status.status_code.value == 2
    ]
    assert len(failed) == 4
    assert {dict(c.attributes or {})["error.type"] for c in failed} == {"server"}
    assert {dict(c.attributes or {})["http.response.status_code"] for c in failed} == {500}
    parents = {context(request)[1]: request for request in requests}
    assert all(context(call)[2] in parents for call in calls)
    for name, request in parents.items():
        own = [call for call in calls if context(call)[2] == name]
        assert dict(request.attributes or {})["gairp.calls"] == len(own)
    streamed: Any = dict(calls[-1].attributes or {})
    assert streamed["gen_ai.request.stream"] is True
    assert 0 < streamed["gen_ai.response.time_to_first_chunk"] < 2
    assert dict(requests[-1].attributes or {})["http.response.status_code"] == 404
    assert len({context(request)[0] for request in requests}) == 9


def test_a_trace_that_is_not_sampled_is_passed_on_as_such(tmp_path: Path, kept: Kept) -> None:
    async def work() -> list[bytes]:
        async with attack_world(tmp_path, otel={"sample": 0.0}) as it:
            await it.chat(headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
            await it.chat()
            await it.chat(headers={"traceparent": "forged"})
            return it.spy.requests

    sent = [
        re.findall(rb"\r\ntraceparent: 00-(\w+)-(\w+)-(\w+)\r\n", r) for r in asyncio.run(work())
    ]
    assert [len(found) for found in sent] == [1, 1, 1]
    assert sent[0][0][0].decode() == TRACE
    assert sent[0][0][1].decode() != SPAN
    assert sent[1][0][0] != sent[2][0][0]
    assert {found[0][2] for found in sent} == {b"00"}
    assert kept.exporter.get_finished_spans() == ()
    (counted,) = kept.points()["gen_ai.client.operation.duration"]
    assert counted.count == 3  # measured all the same


def test_calls_are_measured_in_the_conventions_units_and_bounds(tmp_path: Path, kept: Kept) -> None:
    async def work() -> None:
        async with attack_world(tmp_path, otel={"traces": False}) as it:
            for _ in range(3):
                await it.chat()
            it.spy.status, it.spy.error = 500, "no"
            await it.chat(model="large")

    asyncio.run(work())
    points = kept.points()
    assert set(points) == set(INSTRUMENTS) - {"gen_ai.client.operation.time_to_first_chunk"}
    tokens = {p.attributes["gen_ai.token.type"]: p for p in points["gen_ai.client.token.usage"]}
    assert {kind: (p.count, p.sum) for kind, p in tokens.items()} == {
        "input": (3, 9.0), "output": (3, 6.0),
    }  # fmt: skip
    assert tokens["input"].explicit_bounds[:3] == (1.0, 4.0, 16.0)
    assert tokens["input"].attributes["gen_ai.response.model"] == "small"
    errors = {p.attributes.get("error.type"): p.count
              for p in points["gen_ai.client.operation.duration"]}  # fmt: skip
    assert errors == {None: 3, "server": 1}
    served = {p.attributes["http.response.status_code"]: p.count
              for p in points["http.server.request.duration"]}  # fmt: skip
    assert served == {200: 3, 502: 1}


def test_names_of_models_that_answer_are_few(kept: Kept) -> None:
    from gairp.gateway.tracing.instruments import Instruments

    instruments = Instruments(kept.open(OtelSettings()))
    names = {instruments._model(f"m{i}") for i in range(500)}
    assert len(names) == 101
    assert "_OTHER" in names
    assert instruments._model("m7") == "m7"


def test_a_collector_gets_protobuf_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-token=hush")

    async def work(url: str) -> None:
        async with world(tmp_path, otel={"endpoint": url, "service": "front"}) as it:
            await it.ask("small", messages=HI, extra_headers=PARENT)

    with collector() as got:
        asyncio.run(work(got.url))
        _told_all(got)


def _told_all(got: Collector) -> None:
    by_kind = {span.kind: span for span in got.spans}
    assert len(by_kind) == len(got.spans) == 2
    request, call = by_kind[2], by_kind[3]
    assert {span.trace_id.hex() for span in got.spans} == {TRACE}
    assert (request.parent_span_id.hex(), call.parent_span_id) == (SPAN, request.span_id)
    assert call.name == "chat small"
    resource = {
        a.key: a.value.string_value for a in got.traces[0].resource_spans[0].resource.attributes
    }
    assert resource["service.name"] == "front"
    usage = got.instruments["gen_ai.client.token.usage"]
    assert usage.unit == "{token}"
    assert sum(point.count for point in usage.histogram.data_points) == 2
    assert {headers["x-token"] for headers in got.headers} == {"hush"}
    assert PROMPT not in str(got.traces) + str(got.metrics)


def test_a_collector_that_is_away_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    async def work() -> float:
        async with world(tmp_path, otel={"endpoint": url}) as it:
            for _ in range(20):
                await it.ask("small")
            return time.monotonic()

    ended = asyncio.run(work())
    assert time.monotonic() - ended < 20


def test_nothing_is_loaded_or_sent_on_where_it_is_off(tmp_path: Path) -> None:
    async def work() -> tuple[bool, bytes]:
        async with attack_world(tmp_path) as it:
            await it.chat(headers=PARENT)
            return it.gateway.watcher is None, it.spy.requests[-1]

    watched, sent = asyncio.run(work())
    assert watched
    assert b"traceparent" not in sent


def test_the_share_that_is_sampled_is_told_by_the_trace_alone() -> None:
    contexts = [new_context(0.25) for _ in range(4000)]
    assert 850 < sum(context.sampled for context in contexts) < 1150
    assert all(context.sampled == (context.trace_id % 2**64 < 2**62) for context in contexts)
    assert all(new_context(1.0).sampled and not new_context(0.0).sampled for _ in range(100))


def test_providers_go_by_the_hosts_name() -> None:
    assert provider_of("api.openai.com", "x") == "openai"
    assert provider_of("mine.openai.azure.com", "x") == "azure.ai.openai"
    assert provider_of("notapi.openai.com.evil.example", "mine") == "mine"
