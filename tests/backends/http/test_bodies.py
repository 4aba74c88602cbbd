"""Bodies of every framing arrive whole, and the connection is kept exactly where it may be."""

from __future__ import annotations

import asyncio

import pytest

from gairp.backends.http.errors import HttpError
from tests.backends.http.scripted import CLOSE, LOOPS, OK, ask, client_of, run, scripted

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("answer", "status", "body", "kept"),
    [
        ((OK,), 200, b"ok", True),
        ((HEAD + b"Content-Length: 2\r\n\r\n", 0.01, b"o", 0.01, b"k"), 200, b"ok", True),
        ((CHUNKED + b"3\r\nabc\r\n", 0.01, b"2;x=y\r\nde\r\n0\r\n\r\n"), 200, b"abcde", True),
        ((CHUNKED + b"1\r\na\r\n0\r\nTrailer: x\r\n\r\n",), 200, b"a", True),
        ((HEAD + b"\r\nto the ", 0.01, b"end", CLOSE), 200, b"to the end", False),
        ((b"HTTP/1.0 200 OK\r\n\r\nold", CLOSE), 200, b"old", False),
        ((HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",), 200, b"ok", False),
        ((b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",), 200, b"ok", False),
        ((b"HTTP/1.1 204 No Content\r\n\r\n",), 204, b"", True),
        ((b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",), 304, b"", True),
        ((b"HTTP/1.1 100 Continue\r\n\r\n", 0.01, OK), 200, b"ok", True),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + OK,), 200, b"ok", True),
        ((b"HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\noops",), 500, b"oops", True),
        ((OK + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",), 200, b"ok", False),
        ((OK + b"garbage",), 200, b"ok", False),
    ],
)  # fmt: skip
def test_an_answer_arrives_whole(
    answer: tuple[bytes, ...], status: int, body: bytes, kept: bool, loop: str
) -> None:
    async def main() -> tuple[int, bytes, int]:
        async with scripted(answer, (OK,)) as seen, client_of(seen) as client:
            response = await client.request("GET", "/a")
            found = response.status, await response.read()
            again = await client.request("GET", "/b")
            assert await again.read() == b"ok"
            return *found, seen.connections

    assert run(main(), loop) == (status, body, 1 if kept else 2)


def test_an_answer_to_head_has_no_body_and_leaves_the_connection() -> None:
    async def main() -> tuple[bytes, bytes | None, int]:
        told = HEAD + b"Content-Length: 5000\r\n\r\n"
        async with scripted((told,), (OK,)) as seen, client_of(seen) as client:
            response = await client.request("HEAD", "/")
            found = await response.read(), response.header(b"content-length")
            assert await (await client.request("GET", "/")).read() == b"ok"
            return *found, seen.connections

    assert run(main()) == (b"", b"5000", 1)


def test_headers_come_as_they_were_sent_and_without_interim_ones() -> None:
    async def main() -> list[tuple[bytes, bytes]]:
        early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        told = early + HEAD + b"X-Mixed: One\r\nx-mixed: two\r\nContent-Length: 0\r\n\r\n"
        async with scripted((told,)) as seen, client_of(seen) as client:
            response = await client.request("GET", "/")
            assert response.complete
            return response.headers

    assert run(main()) == [(b"X-Mixed", b"One"), (b"x-mixed", b"two"), (b"Content-Length", b"0")]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"hello world\r\n\r\n", "no HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "no HTTP/1.1"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no HTTP/1.1"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "no answer"),
        (b"HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n", "no answer"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "protocol"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", "no HTTP/1.1"),
        (CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n", "no HTTP/1.1"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", "no HTTP/1.1"),
        (HEAD + b"Content-Length: +2\r\n\r\nok", "no HTTP/1.1"),
        (HEAD + b"Content-Length : 2\r\n\r\nok", "no HTTP/1.1"),
        (HEAD + b"A: b\r\n folded\r\nContent-Length: 0\r\n\r\n", "no HTTP/1.1"),
        (HEAD + b"A: b\rc\r\nContent-Length: 0\r\n\r\n", "no HTTP/1.1"),
        (HEAD + b"A: \x00\r\nContent-Length: 0\r\n\r\n", "no HTTP/1.1"),
        (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "no HTTP/1.1"),
        (CHUNKED + b"-1\r\n", "no HTTP/1.1"),
        (CHUNKED + b"zz\r\n", "no HTTP/1.1"),
        (HEAD + b"A: " + b"b" * 70_000, "65536 bytes"),
        (HEAD + b"A: b\r\n" * 12_000 + b"\r\n", "65536"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 3_000, "65536 bytes"),
    ],
)
def test_what_is_no_answer_is_refused_and_the_connection_ended(answer: bytes, told: str) -> None:
    async def main() -> None:
        async with scripted((answer,), (OK,)) as seen, client_of(seen) as client:
            with pytest.raises(HttpError, match=told) as caught:
                await (await client.request("POST", "/")).read()
            assert (caught.value.kind, caught.value.unsent) == ("malformed", False)
            assert await (await client.request("POST", "/")).read() == b"ok"
            assert (len(seen.requests), seen.connections) == (2, 2)

    run(main())


def test_a_head_may_have_as_many_bytes_as_its_limit_and_the_body_more() -> None:
    fill = HEAD + b"Content-Length: 9000\r\nA: %b\r\n\r\n" % (b"b" * 900) + b"c" * 9000
    assert ask((fill,), largest_head=1000) == (200, b"c" * 9000)
    with pytest.raises(HttpError, match="the head has 9"):
        ask((fill,), largest_head=900)


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_body_past_its_limit_is_refused(size: int) -> None:
    told = HEAD + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
    assert ask((told,), largest_body=size) == (200, b"x" * size)
    with pytest.raises(HttpError, match=f"longer than the {size - 1} bytes"):
        ask((told,), largest_body=size - 1)


def test_a_long_body_is_handed_on_in_order_whatever_its_framing() -> None:
    body = bytes(range(256)) * 8192  # 2 MiB
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(part), part)
        for part in (body[at : at + 50_000] for at in range(0, len(body), 50_000))
    )
    assert ask((HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body,)) == (200, body)
    assert ask((CHUNKED + chunks + b"0\r\n\r\n",)) == (200, body)


def test_more_than_the_length_says_is_not_the_body_and_ends_the_connection() -> None:
    async def main() -> tuple[bytes, int]:
        told = HEAD + b"Content-Length: 200000\r\n\r\n"
        steps = (told, 0.02, b"x" * 200_000 + b"HTTP/1.1 200 OK\r\n")
        async with scripted(steps, (OK,)) as seen, client_of(seen) as client:
            body = await (await client.request("GET", "/")).read()
            assert await (await client.request("GET", "/")).read() == b"ok"
            return body, seen.connections

    assert run(main()) == (b"x" * 200_000, 2)


def test_bytes_that_nobody_asked_for_end_an_idle_connection() -> None:
    async def main() -> int:
        poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
        async with scripted((OK, 0.02, poison), (OK,)) as seen, client_of(seen) as client:
            assert await (await client.request("GET", "/")).read() == b"ok"
            await asyncio.sleep(0.05)
            assert await (await client.request("GET", "/")).read() == b"ok"
            return seen.connections

    assert run(main()) == 2
