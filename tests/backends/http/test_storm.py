"""Many requests at once, most of them in trouble: nothing is mixed up, nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import random

import pytest

from gairp.backends.http import HttpClient, HttpError
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
)  # fmt: skip


def troubled(rng: random.Random, name: bytes) -> tuple[Step, ...]:
    """An answer that holds the name, or does not get that far."""
    body = name * rng.choice((1, 50, 20_000))
    head = b"HTTP/1.1 200 OK\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    parts = b"".join(b"%x\r\n%b\r\n" % (len(name), name) for _ in range(3))
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n" + parts
    steps: tuple[tuple[Step, ...], ...] = (
        (whole,), (whole,), (whole,), (0.003, whole), (whole, CLOSE), (chunked, b"0\r\n\r\n"),
        (chunked, 0.002, b"0\r\n\r\n"), (chunked, RESET), (chunked, CLOSE), (CLOSE,), (RESET,),
        (whole + b"poison",), (head + b"Connection: close\r\n\r\n" + name, CLOSE),
        (b"garbage\r\n",), (HANG,), (whole[:-1], HANG),
    )  # fmt: skip
    return rng.choice(steps)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("seed", range(3))
def test_a_storm_leaves_every_answer_with_its_own_request(seed: int, loop: str) -> None:
    rng = random.Random(seed)

    def answer(seen: Seen) -> tuple[Step, ...]:
        return troubled(rng, seen.requests[-1].partition(b"\r\n\r\n")[2])

    async def one(client: HttpClient, number: int) -> str:
        name = b"<%d>" % number
        due = asyncio.get_running_loop().time() + rng.choice((0.03, 1.0))
        method, end = rng.choice(("POST", "PUT")), "whole"
        try:
            response = await client.request(method, "/", body=name, due=due)
            body = await response.read()
        except HttpError as error:
            body, end = error.partial, type(error).__name__
        assert (name * 20_001).startswith(body)
        return end

    async def main() -> None:
        settings = {"max_connections": 7, "head_timeout_s": 0.1, "idle_timeout_s": 0.1}
        async with scripted(answer) as seen, client_of(seen, **settings) as client:
            tasks = [asyncio.create_task(one(client, n)) for n in range(400)]
            for task in tasks:
                if rng.random() < 0.1:
                    task.get_loop().call_later(rng.random() * 0.3, task.cancel)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            odd = [e for e in ends if not isinstance(e, str | asyncio.CancelledError)]
            assert odd == []
            assert seen.most <= 7
            assert ends.count("whole") > 100
            assert client.in_use == 0
            pool = client._pool
            assert pool is not None
            assert (len(pool._waiting), pool._opening) == (0, 0)
            await until(lambda: seen.connections - seen.gone == len(pool._all))

    run(main(), loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_requests_leave_nothing_for_the_collector(loop: str) -> None:
    """Cycles would be work for Python's collector between the requests of a busy gateway."""

    async def main() -> int:
        async with scripted((OK,)) as seen, client_of(seen) as client:

            async def some(number: int) -> None:
                for _ in range(number):
                    async with await client.request("POST", "/", body=b"x") as response:
                        assert await response.read() == b"ok"

            await some(20)
            gc.collect()
            gc.disable()
            try:
                await some(300)
                return gc.collect()
            finally:
                gc.enable()

    assert run(main(), loop) < 50
