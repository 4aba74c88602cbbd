"""Whatever breaks is a failure with what had arrived, and never an exception."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from gairp.backends.fake import FakeServer
from gairp.backends.openai import OpenAIBackend
from gairp.runners.faults.loop import VirtualLoop, running
from gairp.types import Response
from tests.backends.openai.asking import ARM, REQUEST, answered, streamed
from tests.backends.openai.raw_server import CLOSE, DONE, HANG, RESET, Step, chat, event, raw_server

OPEN = chat({"role": "assistant", "content": ""})
TEXT = chat({"content": "Two and"})


@pytest.mark.parametrize(
    ("steps", "kind", "words"),
    [
        ([OPEN, TEXT], "truncated", "without its end mark"),
        ([OPEN, TEXT, RESET], "connection", "broke"),
        ([OPEN, TEXT, CLOSE], "connection", "too early"),
        ([OPEN, TEXT, b'data: {"choi\n\n'], "malformed", "no JSON"),
        ([OPEN, TEXT, event([1, 2])], "malformed", "not as OpenAI's"),
        ([OPEN, TEXT, event({"choices": 3})], "malformed", "not as OpenAI's"),
        ([OPEN, TEXT, event({"error": {"message": "Oh.", "code": 502}})], "server", "Oh."),
        ([OPEN, TEXT, event({"error": {"message": "Slow", "code": 429}})], "rate_limit", "Slow"),
        ([OPEN, TEXT, event({"error": "Died", "error_type": "generation"})], "server", "Died"),
        ([OPEN, TEXT, event([{"error": {"status": "UNAVAILABLE", "code": 503}}])], "server", "UNA"),
        ([OPEN, TEXT, b'error: {"code": 500, "message": "Died"}\n\n'], "server", "Died"),
        ([OPEN, TEXT, b"event: error\ndata: nothing to say\n\n"], "server", "nothing to say"),
        ([OPEN, TEXT, event({"object": "error", "message": "Died"})], "server", "Died"),
        ([OPEN, TEXT, chat({}, "error")], "server", "finished with an error"),
        ([OPEN, TEXT, chat({}, "stop"), event({"error": {"message": "Late"}})], "server", "Late"),
        ([OPEN, TEXT, HANG], "timeout", "idle_timeout_s = 0.4 s"),
    ],
)
def test_a_broken_stream_is_a_failure(steps: list[Step], kind: str, words: str) -> None:
    response, _ = answered(steps, idle_timeout_s=0.4)
    error = response.error
    assert error is not None
    assert (error.kind, error.started, error.billing_unknown) == (kind, True, True)
    assert error.status is None
    assert words in error.message
    assert "arm 'small', request 'r1'" in error.message
    assert response.content == "Two and"
    assert response.model == "served-1"
    usage = response.usage
    assert usage.source == "partial"
    assert (usage.input_tokens, usage.output_tokens) == (14, 2)
    assert response.latency_s > response.first_token_s > 0


@pytest.mark.parametrize(
    ("steps", "kind", "words"),
    [
        ([RESET], "connection", ""),
        ([], "truncated", "before any text"),
        ([DONE], "truncated", "before any text"),
        ([OPEN, 0.03, OPEN, 0.03, b": keep-alive\n\n", HANG], "timeout", "no token within"),
        ([HANG], "timeout", "first_token_timeout_s = 0.5 s"),
    ],
)
def test_nothing_came(steps: list[Step], kind: str, words: str) -> None:
    response, _ = answered(steps, first_token_timeout_s=0.5)
    error = response.error
    assert error is not None
    assert (error.kind, error.started, error.billing_unknown) == (kind, False, True)
    assert words in error.message
    assert (response.content, response.usage.output_tokens) == ("", 0)
    assert math.isnan(response.first_token_s)


def test_the_whole_call_is_limited() -> None:
    steps = [step for _ in range(900) for step in (TEXT, 0.01)]
    response, _ = answered(steps, timeout_s=0.3)
    assert response.error is not None
    assert response.error.kind == "timeout"
    assert "timeout_s = 0.3 s" in response.error.message
    assert 0.29 < response.latency_s < 8.0


def test_a_refused_connection_costs_nothing() -> None:
    async def ask() -> Response:
        async with raw_server([]) as served:
            url = served.url
        return await OpenAIBackend(base_url=url).complete(REQUEST, ARM)

    response = asyncio.run(ask())
    assert response.error is not None
    assert (response.error.kind, response.error.billing_unknown) == ("connection", False)
    assert "is the server up" in response.error.message
    assert math.isnan(response.usage.input_tokens)


def test_who_gives_up_after_the_last_write_cannot_say_what_it_cost() -> None:
    """At whatever turn of the loop the time is up: what the server charges is never called free."""

    async def given_up(backend: OpenAIBackend, turn: int) -> tuple[Response, int]:
        seconds = iter([0.0] * turn + [2.0])
        with running().unsteady(lambda: next(seconds, 0.0)):
            response = await backend.complete(REQUEST, ARM)
        return response, sum(1 for _ in seconds)

    async def main() -> list[tuple[bool, bool]]:
        found: list[tuple[bool, bool]] = []
        left = 0
        async with FakeServer() as server:
            backend = OpenAIBackend(
                base_url=server.base_url, timeout_s=1.0, max_keepalive_connections=0
            )
            while not left:
                server.ledger.clear()
                response, left = await given_up(backend, turn=len(found))
                await asyncio.sleep(1.0)  # until the server has noticed
                if (error := response.error) is not None:
                    assert error.kind == "timeout"
                free = error is not None and not error.billing_unknown
                found.append((server.ledger.total.billed_input > 0, free))
            await backend.aclose()
        return found

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        found = runner.run(main())
    assert set(found) == {(False, True), (True, False)}  # charged, said to be free


def refused(status: int, body: Any, **server: Any) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    server |= {"status": status, "content_type": "application/json"}
    return answered([raw], server=server)[0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "bad_request"), (401, "auth"), (402, "forbidden"), (403, "forbidden"),
        (404, "not_found"), (408, "timeout"), (409, "conflict"), (413, "bad_request"),
        (422, "bad_request"), (424, "server"), (429, "rate_limit"), (500, "server"),
        (502, "server"), (503, "server"), (504, "server"), (529, "server"), (307, "bad_request"),
    ],
)  # fmt: skip
def test_statuses(status: int, kind: str) -> None:
    response = refused(status, {"error": {"message": "No.", "code": "because"}})
    error = response.error
    assert error is not None
    assert (error.kind, error.status, error.billing_unknown) == (kind, status, False)
    assert (error.started, error.retry_after_s) == (False, None)
    assert status == 307 or f"HTTP {status} because: No." in error.message
    assert response.model == "asked-for"


def test_retry_after_is_read_from_any_status() -> None:
    for status in (429, 503, 529):
        error = refused(status, {}, headers=["Retry-After: 7"]).error
        assert error is not None
        assert error.retry_after_s == 7.0


def test_bodies_that_are_no_answer() -> None:
    page, _ = answered([b"<html>"], server={"content_type": "text/html"})
    assert page.error is not None
    assert (page.error.kind, page.error.billing_unknown) == ("malformed", True)
    assert "is base_url right?" in page.error.message
    told = {"error": {"message": "Overloaded", "type": "overloaded_error"}}
    error, _ = answered(
        [json.dumps(told).encode()], server={"content_type": "application/json"}, stream=False
    )
    assert error.error is not None
    assert (error.error.kind, error.error.status) == ("server", None)
    for body in (b"{}", b"[]", b"3", b'{"choices": []}', b'{"choices": ["a"]}', b"\xff"):
        strange, _ = answered([body], server={"content_type": "application/json"}, stream=False)
        assert strange.error is not None
        assert strange.error.kind == "malformed"


def test_a_broken_stream_ends_with_its_response() -> None:
    *chunks, last = streamed([OPEN, TEXT, event({"error": {"message": "Oh."}})])
    assert [chunk.text for chunk in chunks] == ["", "Two and"]
    assert last.response is not None
    assert last.response.error is not None
    assert last.response.content == "Two and"


def test_what_breaks_after_the_end_breaks_nothing() -> None:
    for end in (RESET, CLOSE, HANG):
        response, _ = answered([TEXT, chat({"content": " two"}, "stop"), end], idle_timeout_s=1.5)
        assert response.error is None
        assert response.content == "Two and two"
        assert response.usage.source == "recounted"
        assert response.latency_s < 1.5


async def until(true: Callable[[], object]) -> bool:
    for _ in range(500):
        if true():
            return True
        await asyncio.sleep(0.01)
    return False


def test_closing_the_stream_frees_the_connection() -> None:
    async def ask() -> bool:
        async with raw_server([TEXT, HANG]) as served:
            backend = OpenAIBackend(base_url=served.url)
            async with aclosing(backend.stream(REQUEST, ARM)) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    assert chunk.text == "Two and"
                    break
            gone = await until(lambda: served.gone)
            await backend.aclose()
            return gone

    assert asyncio.run(ask())


@pytest.mark.parametrize("steps", [[TEXT, HANG], [HANG]])
def test_cancelling_passes_and_frees_the_connection(steps: list[Step]) -> None:
    async def ask() -> bool:
        async with raw_server(steps) as served:
            backend = OpenAIBackend(base_url=served.url)
            task = asyncio.create_task(backend.complete(REQUEST, ARM))
            assert await until(lambda: served.bodies)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            gone = await until(lambda: served.gone)
            await backend.aclose()
            return gone

    assert asyncio.run(ask())
