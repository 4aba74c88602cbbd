"""Every wait has an end, and whoever leaves takes the connection along."""

from __future__ import annotations

import asyncio
import math
import socket
from typing import Any

import pytest

from gairp.backends.http.errors import (
    BrokenConnectionError,
    ClosedError,
    HttpError,
    NotConnectedError,
    OverdueError,
)
from tests.backends.http.scripted import (
    CLOSE,
    HANG,
    LOOPS,
    OK,
    RESET,
    Seen,
    Step,
    client_of,
    run,
    scripted,
    until,
)

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = {"head_timeout_s": 0.15, "idle_timeout_s": 0.1}
DRIP = (0.04, b"1\r\nx\r\n") * 20


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("steps", "told", "at_least", "at_most"),
    [
        ((HANG,), "no answer began within 0.15 s", 0.14, 0.5),
        ((b"HTTP/1.1 2", HANG), "no answer began within 0.15 s", 0.14, 0.5),
        ((b"HTTP/1.1 200 OK\r\n", *(0.04, b"A: b\r\n") * 20), "no answer began", 0.14, 0.5),
        ((HEAD, HANG), "nothing more came for 0.1 s", 0.09, 0.5),
        ((HEAD, b"1\r\nx\r\n", HANG), "nothing more came for 0.1 s", 0.09, 0.5),
        ((HEAD, *DRIP), "not answered whole by the time given", 0.29, 0.6),
    ],
)
def test_a_server_too_slow_is_left(
    steps: tuple[Step, ...], told: str, at_least: float, at_most: float, loop: str
) -> None:
    async def main() -> float:
        async with scripted(steps) as seen, client_of(seen, **LIMITS) as client:
            now = asyncio.get_running_loop().time
            start = now()
            with pytest.raises(OverdueError, match=told) as caught:
                await (await client.request("POST", "/", due=start + 0.3)).read()
            taken = now() - start
            assert (caught.value.kind, caught.value.unsent) == ("timeout", False)
            await until(lambda: seen.gone == 1)
            return taken

    assert at_least <= run(main(), loop) <= at_most


def test_a_slow_drip_within_the_limits_is_no_failure() -> None:
    async def main() -> bytes:
        steps = (HEAD, *(0.03, b"1\r\nx\r\n") * 10, b"0\r\n\r\n")
        async with scripted(steps) as seen, client_of(seen, **LIMITS) as client:
            return await (await client.request("GET", "/")).read()

    assert run(main()) == b"x" * 10


def test_a_due_time_does_not_outlive_its_request() -> None:
    async def main() -> int:
        async with scripted((OK,), (OK,), (0.4, OK)) as seen, client_of(seen) as client:
            assert await (await client.request("GET", "/")).read() == b"ok"
            due = asyncio.get_running_loop().time() + 0.3
            assert await (await client.request("GET", "/", due=due)).read() == b"ok"
            assert await (await client.request("GET", "/")).read() == b"ok"
            return seen.connections

    assert run(main()) == 1


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("end", [RESET, CLOSE])
@pytest.mark.parametrize(
    ("steps", "silent", "partial"),
    [
        ((), True, b""),
        ((b"HTTP/1.1 200",), False, b""),
        ((HEAD,), False, b""),
        ((HEAD, b"4\r\nhalf\r\n5\r\nan"), False, b"halfan"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",), False, b"half"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", 0.01, b"half"), False, b"half"),
    ],
)
def test_an_answer_that_breaks_is_never_taken_for_whole(
    steps: tuple[Step, ...], silent: bool, partial: bytes, end: str, loop: str
) -> None:
    async def main() -> BrokenConnectionError:
        async with scripted((*steps, 0.02, end)) as seen, client_of(seen) as client:
            with pytest.raises(BrokenConnectionError) as caught:
                await (await client.request("POST", "/")).read()
            assert seen.connections == 1
            return caught.value

    error = run(main(), loop)
    assert (error.silent, error.unsent, error.partial) == (silent, False, partial)


def test_what_arrived_before_the_break_is_handed_out_before_the_error() -> None:
    async def main() -> None:
        steps = (HEAD, b"3\r\none\r\n", 0.02, b"3\r\ntwo\r\n", RESET)
        async with scripted(steps) as seen, client_of(seen) as client:
            response = await client.request("GET", "/")
            await asyncio.sleep(0.06)  # the reset is there before the first read
            assert await anext(response) == b"onetwo"
            with pytest.raises(BrokenConnectionError):
                await anext(response)

    run(main())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("steps", [(HANG,), (HEAD, b"1\r\nx\r\n", HANG)])
def test_cancelling_ends_the_connection(steps: tuple[Step, ...], loop: str) -> None:
    async def main() -> None:
        async def ask(client: Any) -> bytes:
            return bytes(await (await client.request("POST", "/")).read())

        async with scripted(steps, (OK,)) as seen, client_of(seen, max_connections=1) as client:
            task = asyncio.create_task(ask(client))
            await until(lambda: len(seen.requests) == 1)
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await until(lambda: seen.gone == 1)
            assert await ask(client) == b"ok"  # the only place in the pool is free again

    run(main(), loop)


def test_a_response_left_behind_ends_its_connection_and_a_whole_one_keeps_it() -> None:
    async def main() -> tuple[int, int]:
        async with scripted((HEAD, b"1\r\nx\r\n", HANG), (OK,)) as seen, client_of(seen) as client:
            async with await client.request("GET", "/") as response:
                assert await anext(response) == b"x"
            await until(lambda: seen.gone == 1)
            with pytest.raises(ClosedError):
                await response.read()
            for _ in range(2):
                async with await client.request("GET", "/"):
                    pass
            return seen.connections, seen.gone

    assert run(main()) == (2, 1)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_is_made_to_wait_for_a_slow_reader(loop: str) -> None:
    size, part = 24 * 2**20, b"x" * 65536

    async def main() -> tuple[int, int]:
        written = 0

        flood = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size, *([part] * 384))
        async with scripted(flood) as seen, client_of(seen, idle_timeout_s=0.1) as client:
            response = await client.request("GET", "/")
            await asyncio.sleep(0.25)  # longer than a server may be idle: it waits for us
            held = response.received
            async for piece in response:
                written += len(piece)
            assert response.complete
            return held, written

    held, written = run(main(), loop)
    assert written == size
    assert 128 * 1024 < held < 2**20


def test_pieces_are_piped_as_they_come_and_can_be_paused() -> None:
    async def main() -> list[bytes]:
        steps = (HEAD, b"1\r\na\r\n", 0.02, b"1\r\nb\r\n", 0.02, b"1\r\nc\r\n0\r\n\r\n")
        async with scripted(steps) as seen, client_of(seen) as client:
            response, found = await client.request("GET", "/"), []
            loop = asyncio.get_running_loop()

            def take(data: bytes) -> None:
                found.append(data)
                if data == b"b":
                    response.pause()
                    loop.call_later(0.05, found.append, b"|")
                    loop.call_later(0.06, response.resume)

            await response.pipe(take)
            assert response.complete
            return found

    assert run(main()) == [b"a", b"b", b"|", b"c"]


@pytest.mark.parametrize("at", [1, 2])
def test_a_receiver_that_fails_ends_the_connection_with_its_own_error(at: int) -> None:
    async def main() -> None:
        steps = (HEAD, b"1\r\na\r\n", 0.05, b"1\r\nb\r\n", HANG)
        async with scripted(steps) as seen, client_of(seen) as client:
            response, found = await client.request("GET", "/"), []
            await asyncio.sleep(0.02)

            def take(data: bytes) -> None:
                found.append(data)
                if len(found) == at:
                    raise ZeroDivisionError("of the receiver")

            with pytest.raises(ZeroDivisionError, match="of the receiver"):
                await response.pipe(take)
            await until(lambda: seen.gone == 1)

    run(main())


def test_an_answer_before_the_end_of_the_question_is_taken_and_the_connection_ended() -> None:
    told = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        connections.append(writer)
        writer.write(told if b"POST" in head else OK)
        await reader.read(1)
        await asyncio.sleep(0.1)
        writer.transport.abort()

    async def main() -> None:
        server = await asyncio.start_server(early, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            async with client_of(Seen(port=port)) as client:
                response = await client.request("POST", "/", body=b"x" * 2**23)
                assert (response.status, await response.read()) == (413, b"big")
                assert await (await client.request("GET", "/")).read() == b"ok"
                assert len(connections) == 2
            await asyncio.sleep(0.15)

    connections: list[Any] = []
    run(main())


def test_a_request_that_never_left_whole_is_said_to_be_unsent() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.3)
        writer.transport.abort()

    async def main() -> HttpError:
        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, client_of(Seen(port=port), head_timeout_s=0.1) as client:
            with pytest.raises(OverdueError) as caught:
                await client.request("POST", "/", body=b"x" * 2**24)
            await asyncio.sleep(0.3)
            return caught.value

    assert run(main()).unsent


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_is_not_there_is_told_from_one_that_does_not_pick_up(loop: str) -> None:
    async def refused() -> NotConnectedError:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            async with client_of(Seen(port=taken.getsockname()[1])) as client:
                with pytest.raises(NotConnectedError, match="is the server up") as caught:
                    await client.request("GET", "/")
                return caught.value

    async def silent() -> NotConnectedError:
        with socket.socket() as full:  # accepts nobody, and its queue is full
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            others = [socket.socket() for _ in range(4)]
            for other in others:
                other.setblocking(False)
                other.connect_ex(address)
            await asyncio.sleep(0.05)
            async with client_of(Seen(port=address[1]), connect_timeout_s=0.1) as client:
                with pytest.raises(NotConnectedError, match="in time") as caught:
                    await client.request("GET", "/")
            for other in others:
                other.close()
            return caught.value

    for ask, kind in ((refused(), "connection"), (silent(), "timeout")):
        error = run(ask, loop)
        assert (error.kind, error.unsent) == (kind, True)


def test_no_limit_is_no_limit() -> None:
    async def main() -> bytes:
        none = dict.fromkeys(
            ("connect_timeout_s", "head_timeout_s", "idle_timeout_s", "keepalive_s")
        )
        async with scripted((0.02, OK)) as seen, client_of(seen, **none) as client:
            return await (await client.request("GET", "/", due=math.inf)).read()

    assert run(main()) == b"ok"
