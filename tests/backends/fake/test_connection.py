"""Connections: used again, given up, too slow; and what the server tells of itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gairp.backends.fake import FakeServer
from gairp.backends.fake.ledger import Ledger
from gairp.backends.local.metrics import llamacpp_load, vllm_load
from tests.backends.fake.raw import HELLO, ask


def with_server(work: Callable[[FakeServer], Awaitable[Any]], **program: Any) -> Any:
    """What the work finds out about a server with this program."""

    async def run() -> Any:
        async with FakeServer(program) as server:
            return await work(server)

    return asyncio.run(run())


def post(body: bytes, *headers: str) -> bytes:
    """The bytes of a request."""
    lines = "".join(f"{line}\r\n" for line in ("Host: x", *headers))
    return f"POST /v1/chat/completions HTTP/1.1\r\n{lines}\r\n".encode() + body


async def get(server: FakeServer, path: str) -> bytes:
    """The body of a page."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.partition(b"\r\n\r\n")[2]


def test_a_connection_is_used_again() -> None:
    """Whole and streamed answers, one after the other, also when both are asked for at once."""
    body = json.dumps({"model": "m", "messages": HELLO, "stream": True}).encode()
    one = post(body, f"Content-Length: {len(body)}")

    async def work(server: FakeServer) -> int:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(one + one)
        for _ in range(2):
            assert (await reader.readuntil(b"\r\n0\r\n\r\n")).count(b"[DONE]") == 1
        count = server.connections
        writer.close()
        return count

    assert with_server(work) == 1


def test_bodies_in_chunks_and_after_a_sign() -> None:
    """A client may send its body in HTTP chunks, and wait for leave to send it."""
    body = json.dumps({"model": "m", "messages": HELLO}).encode()
    halves = [body[:20], body[20:], b""]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves)

    async def work(server: FakeServer) -> tuple[bytes, bytes]:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(post(b"", "Transfer-Encoding: chunked", "Expect: 100-continue"))
        leave = await reader.readuntil(b"\r\n\r\n")
        writer.write(framed)
        answer = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return leave, answer

    leave, answer = with_server(work)
    assert leave == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    "request_bytes",
    [b"hello\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n", post(b"", "Content-Length: many"),
     post(b"", "Content-Length: -1"), post(b"zz\r\n", "Transfer-Encoding: chunked"),
     b"GET /" + b"x" * 70_000],
)  # fmt: skip
def test_what_is_no_http_is_refused(request_bytes: bytes) -> None:
    """With a 400, and the connection ends."""

    async def work(server: FakeServer) -> bytes:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(request_bytes)
        answer = await reader.read()
        writer.close()
        return answer

    assert with_server(work).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize(
    ("stream", "billed"), [(True, range(2, 9)), (False, range(10, 11))], ids=["stream", "whole"]
)
def test_a_client_that_leaves_is_seen(stream: bool, billed: range) -> None:
    """At once; of a stream it is charged what was sent, of a whole answer all."""

    async def work(server: FakeServer) -> Any:
        body: dict[str, Any] = {"stream": stream}
        await ask(server, body, total_s=0.1)
        await asyncio.sleep(0.02)
        assert server.connections == 0
        assert server.service.models["m"].slots.running == 0
        return server.ledger.calls()[-1]

    spec = {"answer": {"words": 10}, "per_token_s": 0.02}
    call = with_server(work, models={"m": spec})
    assert (call.ended, call.finished, call.billed_input) == ("left", False, 3)
    assert call.billed_output in billed


def test_a_client_that_leaves_the_queue() -> None:
    """Its place goes to the next."""

    async def work(server: FakeServer) -> list[str]:
        slots = server.service.models["m"].slots
        first = asyncio.create_task(ask(server, quiet_s=1))
        await asyncio.sleep(0.05)
        await ask(server, total_s=0.05)
        last = asyncio.create_task(ask(server, quiet_s=1))
        await asyncio.sleep(0.02)
        assert (slots.running, slots.queued) == (1, 1)
        await asyncio.gather(first, last)
        assert (slots.running, slots.queued) == (0, 0)
        return [call.ended for call in server.ledger.calls()]

    spec = {"first_token_s": 0.2, "slots": 1}
    assert with_server(work, models={"m": spec}) == ["answered", "left", "answered"]


def test_a_slow_client_holds_the_answer_up() -> None:
    """What it does not read is not sent, and kept back rather than piled up."""

    async def work(server: FakeServer) -> tuple[int, int]:
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
        body = json.dumps({"model": "m", "messages": HELLO, "stream": True}).encode()
        writer.write(post(body, f"Content-Length: {len(body)}"))
        await asyncio.sleep(0.3)
        sent = server.ledger.calls()[-1].sent_tokens
        await reader.readuntil(b"\r\n\r\n")
        while not (await reader.read(1 << 20)).endswith(b"0\r\n\r\n"):
            pass
        writer.close()
        return sent, server.ledger.calls()[-1].sent_tokens

    sent, in_the_end = with_server(work, models={"m": {"answer": {"words": 60_000}}})
    assert sent < 55_000
    assert in_the_end == 60_000


def test_the_account() -> None:
    """By id and in sum, over HTTP as in Python."""

    async def work(server: FakeServer) -> tuple[Any, Any]:
        for _ in range(2):
            await ask(server, headers={"x-gairp-call": "a"})
        await ask(server, headers={"x-request-id": "b"})
        await ask(server, {"user": "c"})
        account = json.loads(await get(server, "/_fake/calls"))
        return account, json.loads(await get(server, "/_fake/calls?id=a"))

    account, of_a = with_server(work)
    assert [call["id"] for call in account["calls"]] == ["a", "a", "b", "c"]
    assert [call["attempt"] for call in of_a["calls"]] == [1, 2]
    assert account["total"] == {
        "calls": 4, "finished": 4, "billed_input": 12, "billed_output": 12
    }  # fmt: skip


def test_the_account_forgets_the_oldest() -> None:
    """But not what they cost."""
    ledger = Ledger(size=2)
    for i in range(5):
        call = ledger.open(f"r{i % 2}", "/")
        call.worked, call.input_tokens, call.output_tokens = True, 10, 1
        ledger.close(call, "answered")
    assert [call.number for call in ledger.calls()] == [4, 5]
    assert [call.attempt for call in ledger.calls("r0")] == [3]
    assert (ledger.total.calls, ledger.total.billed_input, ledger.total.billed_output) == (5, 50, 5)
    ledger.clear()
    assert (ledger.calls(), ledger.total.calls) == ([], 0)


def test_load() -> None:
    """Running, waiting and the use of the cache, in the shapes that are read elsewhere."""

    async def work(server: FakeServer) -> str:
        asked = [asyncio.create_task(ask(server, quiet_s=1)) for _ in range(3)]
        await asyncio.sleep(0.1)
        page = (await get(server, "/metrics")).decode()
        await asyncio.gather(*asked)
        return page

    page = with_server(work, models={"m": {"first_token_s": 0.3, "slots": 2, "kv_tokens": 48}})
    for load in (llamacpp_load(page, None, 0), vllm_load(page)):
        assert (load.running, load.queued, load.kv_cache_use) == (2.0, 1.0, 0.25)
    assert "vllm" not in with_server(lambda s: get(s, "/metrics"), quirks="llamacpp").decode()
    assert b"llamacpp" not in with_server(lambda s: get(s, "/metrics"), quirks="vllm")


def test_health_and_another_program() -> None:
    """A server may change what it does while it runs; the account goes on."""

    async def work(server: FakeServer) -> list[int]:
        assert json.loads(await get(server, "/health")) == {"status": "ok"}
        before = (await ask(server)).status
        server.use({"faults": ["status_503"]})
        after = (await ask(server)).status
        assert server.ledger.total.calls == 2
        return [before, after]

    assert with_server(work) == [200, 503]
