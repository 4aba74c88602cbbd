"""Through a proxy: a tunnel to https, forwarding to http."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from gairp.backends.http import HttpBackend, HttpClient
from gairp.backends.http.errors import NotConnectedError
from gairp.errors import ConfigError
from tests.backends.http.scripted import LOOPS, OK, client_of, run, scripted

OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@asynccontextmanager
async def tunnels(answer: bytes = OPEN) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A proxy that answers CONNECT so and then passes bytes on; its URL, and what it was asked."""
    asked: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        if answer == OPEN:
            port = int(asked[-1].split()[1].rpartition(b":")[2])
            there = await asyncio.open_connection("127.0.0.1", port)
            ways = (pump(reader, there[1]), pump(there[0], writer))
            tasks.update(asyncio.create_task(way) for way in ways)
        else:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
        await asyncio.wait_for(asyncio.gather(*tasks), 2)


@pytest.mark.parametrize("loop", LOOPS)
def test_https_goes_through_a_tunnel_that_is_kept(
    certificate: Path, server_side: ssl.SSLContext, loop: str
) -> None:
    async def main() -> None:
        async with tunnels() as (at, asked), scripted((OK,), tls=server_side) as seen:
            settings = {"ca_file": certificate, "proxy": f"http://me:p%40ss@{at}"}
            url = f"https://localhost:{seen.port}/v1"
            async with client_of(seen, url=url, **settings) as client:
                for _ in range(3):
                    assert await (await client.request("POST", "/x", body=b"1")).read() == b"ok"
            place = b"localhost:%d" % seen.port
            key = base64.b64encode(b"me:p@ss")
            head = b"CONNECT %b HTTP/1.1\r\nHost: %b\r\nProxy-Authorization: Basic %b\r\n\r\n"
            assert asked == [head % (place, place, key)]
            assert (len(seen.requests), seen.connections) == (3, 1)
            assert seen.requests[0].startswith(b"POST /v1/x HTTP/1.1\r\nHost: " + place)
            assert b"roxy" not in seen.requests[0]  # the password stays with the proxy

    run(main(), loop)


def test_http_is_forwarded_with_the_server_in_every_request() -> None:
    async def main() -> bytes:
        async with scripted((OK,)) as seen:  # takes the proxy's place
            settings = {"url": "http://models.example:81/v1", "proxy": f"http://u:p@{seen.url[7:]}"}
            async with client_of(seen, **settings) as client:
                assert await (await client.request("GET", "/models")).read() == b"ok"
            return seen.requests[0]

    assert run(main()) == (
        b"GET http://models.example:81/v1/models HTTP/1.1\r\nHost: models.example:81\r\n"
        b"Accept-Encoding: identity\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n", "answered 407; name and pass"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!", "answered 502"),
        (b"SSH-2.0-x\r\n", "no HTTP/1.1"),
        (b"HTTP/1.1 200 O", "the proxy closed the connection"),
        (b"", "the proxy closed the connection"),
    ],
)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_proxy_that_opens_no_way_is_no_connection(answer: bytes, told: str, loop: str) -> None:
    async def main() -> NotConnectedError:
        async with tunnels(answer) as (at, _):
            client = HttpClient("https://models.example", proxy=f"http://me:secret@{at}")
            with pytest.raises(NotConnectedError, match="through the proxy") as caught:
                await client.request("POST", "/")
            await client.aclose()
            return caught.value

    error = run(main(), loop)
    assert told in str(error)
    assert "secret" not in str(error)
    assert (error.kind, error.unsent) == ("connection", True)


def test_a_proxy_that_says_nothing_is_left_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read(65536)
        assert await reader.read() == b""  # the client has left
        writer.close()
        left.set()

    async def main() -> NotConnectedError:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            client = HttpClient("https://models.example", proxy=url, connect_timeout_s=0.1)
            with pytest.raises(NotConnectedError, match="in time") as caught:
                await client.request("POST", "/")
            await asyncio.wait_for(left.wait(), 2)
            return caught.value

    left = asyncio.Event()
    assert run(main()).kind == "timeout"


@pytest.mark.parametrize(
    "url", ["", "h:1", "https://h:1", "http://h:1/path", "http://a b", "x://h"]
)
def test_a_proxy_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="proxy is wrong"):
        HttpClient("http://h", proxy=url)
    with pytest.raises(ConfigError, match="proxy is wrong") as caught:
        HttpBackend(base_url="http://h", proxy="http://me:secret@h:99999")
    assert "secret" not in str(caught.value)
