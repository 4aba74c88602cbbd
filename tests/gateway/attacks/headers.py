"""By headers."""

from __future__ import annotations

import asyncio

from tests.gateway.attack_world import UPSTREAM_KEY, AttackWorld
from tests.gateway.attacks.listing import attack

HEADERS = "headers"


@attack(HEADERS, "Content-Length and Transfer-Encoding together, two lengths, a folded header, a "
        "space before the colon, a bare CR: nothing behind them is served as a request",
        "400, or one answer and no second request")  # fmt: skip
async def _(it: AttackWorld) -> str:
    auth = it.bearer()["authorization"]
    hidden = f"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: {auth}\r\n\r\n"
    start = f"POST /v1/feedback HTTP/1.1\r\nhost: x\r\nauthorization: {auth}\r\n"
    tries = [
        f"{start}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}",
        f"{start}content-length: 0\r\ncontent-length: 44\r\n\r\n{hidden}",
        f"{start}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}",
        f"{start}transfer-encoding : chunked\r\n\r\n0\r\n\r\n{hidden}",
        f"{start}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}",
        f"{start}x: a\r\n content-length: 0\r\n\r\n{hidden}",
        f"{start}x: a\rcontent-length: 0\r\n\r\n{hidden}",
    ]  # fmt: skip
    for text in tries:
        answers = (await it.raw(text.encode())).count(b"HTTP/1.1 2")
        if answers:
            return f"{answers} answers to {text[len(start) :][:50]!r}"
    return "400, or one answer and no second request"


@attack(HEADERS, "a model server names its model `small\\r\\nset-cookie: …`, to write headers of "
        "the answer", "one header, nothing of it set")  # fmt: skip
async def _(it: AttackWorld) -> str:
    it.spy.model = "small\r\nset-cookie: owned=1\r\n\r\n<script>"
    try:
        reply = await it.chat()
    finally:
        it.spy.model = "small"
    assert "owned" in reply.json()["model"]  # the body is the server's own
    wrong = "set-cookie" in reply.headers or "\n" in reply.headers["x-gairp-model"]
    return "set-cookie" if wrong else "one header, nothing of it set"


@attack(HEADERS, "credentials of the client and of the network (Authorization, Cookie, "
        "X-Forwarded-For, …) sent on to the model server", "none of them")  # fmt: skip
async def _(it: AttackWorld) -> str:
    sent = {"cookie": "c=1", "x-forwarded-for": "10.0.0.1", "x-api-key": "k", "x-own": "o",
            "proxy-authorization": "Basic x"}  # fmt: skip
    await it.chat(headers=sent)
    head = it.spy.requests[-1].partition(b"\r\n\r\n")[0].decode().lower()
    assert f"bearer {UPSTREAM_KEY}" in head
    leaked = [name for name in sent if f"{name}:" in head]
    if it.secrets["acme"].lower() in head:
        leaked.append("authorization")
    return ", ".join(leaked) or "none of them"


@attack(HEADERS, "X-HTTP-Method-Override, a preflight of another origin", "no effect: 405, 404")
async def _(it: AttackWorld) -> str:
    headers = {**it.bearer("root"), "x-http-method-override": "DELETE", "origin": "https://evil"}
    over = await it.http.post("/admin/usage", headers=headers)
    flight = await it.http.options("/v1/chat/completions", headers={"origin": "https://evil"})
    other = await it.http.options("/v1/nowhere", headers={"origin": "https://evil"})
    for reply in (over, flight, other):
        assert "access-control-allow-origin" not in reply.headers
    assert flight.status_code == 405
    return f"no effect: {over.status_code}, {other.status_code}"


@attack(HEADERS, "without an end: a head, an extension of a chunk, a header behind the body; with "
        "and without a key", "the connection ends")  # fmt: skip
async def _(it: AttackWorld) -> str:
    for auth in ("nobody", it.bearer()["authorization"]):
        start = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: {auth}\r\n"
        chunked = f"{start}transfer-encoding: chunked\r\n\r\n1"
        for text in (f"{start}x: ", f"{chunked};", f"{chunked}\r\n \r\n0\r\nx: "):
            if not await _ends(it, text.encode()):
                return f"{text[len(start) :]!r} goes on"
    return "the connection ends"


async def _ends(it: AttackWorld, begun: bytes) -> bool:
    """Whether it does before 32 MB of the same letter have gone out; sockets hold a few of them."""
    _, writer = await asyncio.open_connection("127.0.0.1", it.port)
    try:
        for piece in (begun, *[b"a" * 65_536] * 512):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        return True
    finally:
        writer.close()
    return False


@attack(HEADERS, "a header behind the body (Authorization, among others)", "not read")
async def _(it: AttackWorld) -> str:
    auth = it.bearer()["authorization"]
    head = "GET /v1/models HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    got = await it.raw(f"{head}0\r\nauthorization: {auth}\r\n\r\n".encode())
    return "not read" if b" 401 " in got[:20] else f"{got[:20]!r}"
