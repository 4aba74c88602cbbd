"""Connections are few, kept while they may be, and no request is sent twice that may not be."""

from __future__ import annotations

import asyncio

import pytest

from gairp.backends.http.errors import BrokenConnectionError, BusyError, ClosedError, HttpError
from gairp.backends.http.pool import Pool
from tests.backends.http.scripted import (
    CLOSE,
    HANG,
    LOOPS,
    OK,
    RESET,
    Seen,
    client_of,
    run,
    scripted,
    until,
)  # fmt: skip


@pytest.mark.parametrize("loop", LOOPS)
def test_a_thousand_requests_one_after_the_other_use_one_connection(loop: str) -> None:
    async def main() -> tuple[int, int]:
        async with scripted((OK,)) as seen, client_of(seen) as client:
            for _ in range(1000):
                assert await (await client.request("POST", "/", body=b"x")).read() == b"ok"
            return len(seen.requests), seen.connections

    assert run(main(), loop) == (1000, 1)


@pytest.mark.parametrize("loop", LOOPS)
def test_sixty_four_at_once_get_their_own_answers_within_the_limit(loop: str) -> None:
    def echo(seen: Seen) -> tuple[bytes | float, ...]:
        body = seen.requests[-1].partition(b"\r\n\r\n")[2]
        return 0.002, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    async def main() -> Seen:
        async with scripted(echo) as seen, client_of(seen, max_connections=8) as client:

            async def one(name: bytes) -> bytes:
                return await (await client.request("POST", "/", body=name)).read()

            names = [b"request %d" % n for n in range(64)]
            assert await asyncio.gather(*map(one, names)) == names
            return seen

    seen = run(main(), loop)
    assert (len(seen.requests), seen.connections, seen.most) == (64, 8, 8)


def test_the_last_connection_used_is_used_first() -> None:
    async def main() -> None:
        async with scripted((0.01, OK)) as seen, client_of(seen) as client:
            await asyncio.gather(*[client.request("GET", "/") for _ in range(3)])
            pool = client._pool
            assert isinstance(pool, Pool)
            last = pool._idle[-1]
            for _ in range(5):
                await (await client.request("GET", "/")).read()
                assert pool._idle[-1] is last

    run(main())


def test_idle_connections_end_after_their_time_and_beyond_their_number() -> None:
    async def main() -> None:
        settings = {"keepalive_s": 0.05, "max_idle": 2}
        async with scripted((0.02, OK)) as seen, client_of(seen, **settings) as client:
            await asyncio.gather(*[client.request("GET", "/") for _ in range(5)])
            await until(lambda: seen.gone == 3)
            await until(lambda: seen.gone == 5)
            assert await (await client.request("GET", "/")).read() == b"ok"
            assert seen.connections == 6

    run(main())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_the_server_closed_meanwhile_costs_no_request(
    method: str, loop: str
) -> None:
    async def main() -> tuple[int, int]:
        async with scripted((OK, CLOSE)) as seen, client_of(seen) as client:
            for _ in range(3):
                assert await (await client.request(method, "/")).read() == b"ok"
                await asyncio.sleep(0.02)
            return len(seen.requests), seen.connections

    assert run(main(), loop) == (3, 3)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_post_that_crossed_the_servers_close_is_sent_again(loop: str) -> None:
    """The loop has no chance to see the end before it writes: both happen in one turn."""

    async def main() -> tuple[int, int]:
        async with scripted((OK, CLOSE), (OK,)) as seen, client_of(seen) as client:
            assert await (await client.request("POST", "/", body=b"1")).read() == b"ok"
            pool = client._pool
            assert pool is not None
            (connection,) = pool._all
            connection._transport.pause_reading()  # blind to the end, as in a loop that is late
            await until(lambda: seen.gone == 1)
            asyncio.get_running_loop().call_later(0.01, connection._transport.resume_reading)
            assert await (await client.request("POST", "/", body=b"2")).read() == b"ok"
            return len(seen.requests), seen.connections

    assert run(main(), loop) == (2, 2)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("end", [CLOSE, RESET])
@pytest.mark.parametrize(("method", "tries"), [("GET", 2), ("POST", 1)])
def test_what_the_server_took_in_is_sent_again_only_where_that_is_harmless(
    method: str, tries: int, end: str, loop: str
) -> None:
    async def main() -> int:
        async with scripted((OK,), (end,), (OK,)) as seen, client_of(seen) as client:
            assert await (await client.request(method, "/")).read() == b"ok"
            if tries == 1:
                with pytest.raises(BrokenConnectionError, match="before any answer") as caught:
                    await client.request(method, "/")
                assert (caught.value.kind, caught.value.unsent) == ("connection", False)
            else:
                assert await (await client.request(method, "/")).read() == b"ok"
            return len(seen.requests) - 1

    assert run(main(), loop) == tries


@pytest.mark.parametrize("loop", LOOPS)
def test_a_new_connection_that_breaks_is_not_tried_again(loop: str) -> None:
    async def main() -> int:
        async with scripted((CLOSE,)) as seen, client_of(seen) as client:
            with pytest.raises(BrokenConnectionError):
                await client.request("GET", "/")
            return len(seen.requests)

    assert run(main(), loop) == 1


def test_who_waits_too_long_or_in_too_long_a_queue_is_told_so() -> None:
    async def main() -> None:
        settings = {"max_connections": 1, "max_waiting": 1}
        async with scripted((HANG,)) as seen, client_of(seen, **settings) as client:
            now = asyncio.get_running_loop().time
            first = asyncio.create_task(client.request("GET", "/"))
            await until(lambda: len(seen.requests) == 1)
            second = asyncio.create_task(client.request("GET", "/", due=now() + 0.05))
            await asyncio.sleep(0.01)
            with pytest.raises(BusyError, match=r"all 1 connections .* 1 requests wait") as caught:
                await client.request("GET", "/")
            assert (caught.value.kind, caught.value.unsent) == ("timeout", True)
            with pytest.raises(BusyError, match="none became free in time"):
                await second
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            await until(lambda: seen.gone == 1)

    run(main())


def test_a_connection_that_breaks_lets_the_next_in_the_queue_open_one() -> None:
    async def main() -> None:
        answers = ((0.02, RESET), (OK,))
        async with scripted(*answers) as seen, client_of(seen, max_connections=1) as client:
            one, two = await asyncio.gather(
                client.request("POST", "/"), client.request("POST", "/"), return_exceptions=True
            )
            assert isinstance(one, HttpError)
            assert not isinstance(two, BaseException)
            assert await two.read() == b"ok"
            assert seen.connections == 2

    run(main())


def test_one_who_leaves_the_queue_passes_the_connection_on() -> None:
    async def main() -> None:
        settings = {"max_connections": 1}
        async with scripted((0.02, OK)) as seen, client_of(seen, **settings) as client:
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(4)]
            await until(lambda: len(seen.requests) == 1)
            tasks[1].cancel()
            tasks[2].cancel()
            assert await (await tasks[3]).read() == b"ok"
            assert (seen.connections, len(seen.requests)) == (1, 2)

    run(main())


def test_closing_the_client_ends_what_runs_and_what_waits() -> None:
    async def main() -> None:
        async with scripted((HANG,)) as seen, client_of(seen, max_connections=1) as client:
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(2)]
            await until(lambda: len(seen.requests) == 1)
            await client.aclose()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(end) for end in ends] == [ClosedError, ClosedError]
            await until(lambda: seen.gone == 1)
            await client.aclose()

    run(main())


def test_a_client_can_be_used_in_one_loop_after_the_other() -> None:
    async def main() -> bytes:
        async with scripted((OK,)) as seen, client_of(seen) as client:
            return await (await client.request("GET", "/")).read()

    assert [run(main(), loop) for loop in LOOPS] == [b"ok", b"ok"]


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_is_closing_before_anybody_was_told_is_passed_over(loop: str) -> None:
    """The loop closes a transport in one turn and says so in the next."""

    async def main() -> tuple[int, int]:
        async with scripted((OK,)) as seen, client_of(seen) as client:
            assert await (await client.request("POST", "/")).read() == b"ok"
            pool = client._pool
            assert pool is not None
            (connection,) = pool._all
            connection._transport.abort()
            assert connection.open
            assert await (await client.request("POST", "/")).read() == b"ok"
            return len(seen.requests), seen.connections

    assert run(main(), loop) == (2, 2)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_closes_every_connection_at_once_is_asked_once(loop: str) -> None:
    connections = []

    def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.transport.abort()

    async def main() -> int:
        server = await asyncio.start_server(slam, "127.0.0.1", 0)
        async with server, client_of(Seen(port=server.sockets[0].getsockname()[1])) as client:
            for _ in range(20):
                with pytest.raises(HttpError) as caught:
                    await client.request("GET", "/")
                assert caught.value.kind == "connection"
            return len(connections)

    assert run(main(), loop) == 20
