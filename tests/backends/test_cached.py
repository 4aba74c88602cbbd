"""What was answered once is not asked again; what failed is."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from gairp.backends.cached import CachedBackend, content_key
from gairp.backends.response_cache import ResponseCache
from gairp.errors import DataError
from gairp.types import Arm, Chunk, Failure, Request, Response, ServerLoad, Usage

ARM = Arm(name="a", model="m", backend="b")
BROKEN = Failure(kind="truncated", message="the stream broke", started=True)


def asked(text: str = "hello", **params: Any) -> Request:
    return Request(id="r", messages=({"role": "user", "content": text},), params=params)


def answered(**fields: Any) -> Response:
    whole: dict[str, Any] = {
        "model": "m-2025",
        "content": "hi there",
        "message": {"role": "assistant", "content": "hi there"},
        "usage": Usage(input_tokens=5.0, output_tokens=2.0),
        "first_token_s": 0.5,
        "latency_s": 2.0,
        "queue_s": 1.0,
        "cost_usd": 0.25,
        "signals": {"logprob": -0.5},
    }
    return Response(**(whole | fields))


class Scripted:
    """Answers from a list, in two pieces where it streams, and counts."""

    def __init__(self, *responses: Response) -> None:
        self.responses = list(responses)
        self.calls = self.closed = self.freed = 0

    async def complete(self, request: Request, arm: Arm) -> Response:
        self.calls += 1
        return self.responses.pop(0)

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        self.calls += 1
        response = self.responses.pop(0)
        try:
            yield Chunk(text=response.content[:3])
            yield Chunk(text=response.content[3:])
            yield Chunk(response=response)
        finally:
            self.freed += 1

    async def aclose(self) -> None:
        self.closed += 1


class Probed(Scripted):
    async def load(self) -> ServerLoad | None:
        return ServerLoad(running=3.0)


async def streamed(backend: CachedBackend, request: Request) -> list[Chunk]:
    return [chunk async for chunk in backend.stream(request, ARM)]


Use = Callable[[CachedBackend], Any]


def run(tmp_path: Path, inner: Scripted, use: Use, **settings: Any) -> CachedBackend:
    """Use a cached backend in a loop of its own, and close it."""
    cached = CachedBackend(backend=inner, path=tmp_path / "cache" / "c.sqlite", **settings)

    async def main() -> None:
        try:
            await use(cached)
        finally:
            await cached.aclose()

    asyncio.run(main())
    return cached


def test_the_second_time_nothing_is_called_and_nothing_is_billed(tmp_path: Path) -> None:
    inner = Scripted(answered())

    async def use(cached: CachedBackend) -> None:
        first = await cached.complete(asked(), ARM)
        again = await cached.complete(asked(), ARM)
        assert first == answered()
        assert (again.cached, again.cost_usd, again.queue_s) == (True, 0.0, 0.0)
        assert (again.model, again.content, again.message) == ("m-2025", "hi there", first.message)
        assert (repr(again.usage), again.finish_reason) == (repr(first.usage), "stop")
        assert again.signals == {
            "logprob": -0.5, "cached_latency_s": 2.0, "cached_first_token_s": 0.5,
        }  # fmt: skip
        assert again.latency_s == again.first_token_s
        assert 0.0 <= again.latency_s < 1.0

    cached = run(tmp_path, inner, use)
    assert (inner.calls, inner.closed, cached.hits, cached.misses) == (1, 1, 1, 1)


def test_unknown_quantities_stay_unknown(tmp_path: Path) -> None:
    inner = Scripted(answered(usage=Usage(), latency_s=math.nan, first_token_s=math.nan))

    async def use(cached: CachedBackend) -> None:
        await cached.complete(asked(), ARM)
        again = await cached.complete(asked(), ARM)
        assert math.isnan(again.usage.input_tokens)
        assert again.signals == {"logprob": -0.5}

    run(tmp_path, inner, use)


def test_it_outlives_the_process_that_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    code = (
        "import sys; from gairp.backends.response_cache import ResponseCache; "
        "from gairp.types import Response; "
        "ResponseCache(sys.argv[1]).put(b'k', Response(model='m', content='from before'))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    cache = ResponseCache(path)
    found = cache.get(b"k")
    assert found is not None
    assert found.content == "from before"
    cache.close()
    cache.close()


@pytest.mark.parametrize(
    "bad",
    [
        answered(error=BROKEN),
        answered(finish_reason=""),
        answered(usage=Usage(input_tokens=5.0, output_tokens=1.0, source="partial")),
        answered(cached=True),
    ],
)
def test_what_failed_or_broke_is_asked_again(tmp_path: Path, bad: Response) -> None:
    inner = Scripted(bad, bad, answered())

    async def use(cached: CachedBackend) -> None:
        assert await cached.complete(asked(), ARM) == bad
        assert (await streamed(cached, asked()))[-1].response == bad
        assert await cached.complete(asked(), ARM) == answered()

    run(tmp_path, inner, use)
    assert inner.calls == 3


def test_a_stream_passes_as_it_comes_and_is_replayed_as_one_chunk(tmp_path: Path) -> None:
    inner = Scripted(answered())

    async def use(cached: CachedBackend) -> None:
        pieces = await streamed(cached, asked())
        assert [piece.text for piece in pieces] == ["hi ", "there", ""]
        (only,) = await streamed(cached, asked())
        assert only.response is not None
        assert (only.text, only.response.cached) == ("hi there", True)
        assert (await cached.complete(asked(), ARM)).cached

    run(tmp_path, inner, use)
    assert inner.calls == 1


def test_a_stream_that_is_left_at_its_last_chunk_is_kept_and_one_left_before_frees_the_call(
    tmp_path: Path,
) -> None:
    inner = Scripted(answered(), answered())

    async def left(cached: CachedBackend, after: int) -> None:
        async with aclosing(cached.stream(asked(), ARM)) as chunks:  # type: ignore[type-var]
            for _ in range(after):
                await anext(chunks)

    async def use(cached: CachedBackend) -> None:
        await left(cached, 2)
        assert (inner.freed, len(cached.cache)) == (1, 0)
        await left(cached, 3)
        assert (inner.freed, len(cached.cache)) == (2, 1)

    run(tmp_path, inner, use)


def test_reading_and_writing_are_chosen_apart(tmp_path: Path) -> None:
    async def ask(cached: CachedBackend) -> None:
        await cached.complete(asked(), ARM)

    inner = Scripted(*[answered() for _ in range(4)])
    run(tmp_path, inner, ask, read=False, write=False)
    assert not (tmp_path / "cache").exists()
    run(tmp_path, inner, ask, write=False)
    run(tmp_path, inner, ask, read=False)
    run(tmp_path, inner, ask, read=False)
    assert inner.calls == 4
    run(tmp_path, inner, ask, write=False)
    assert inner.calls == 4


def test_the_key_is_what_is_sent() -> None:
    base = content_key(asked(temperature=0.0, top_p=1.0), ARM)
    same = msgspec.structs.replace(
        asked(top_p=1.0, temperature=0.0), id="other", tenant="t", session="s", arrived_at=9.0
    )
    assert content_key(same, ARM) == base
    assert content_key(same, msgspec.structs.replace(ARM, name="alias", price_key="p")) == base
    others = [
        content_key(asked("hello!", temperature=0.0, top_p=1.0), ARM),
        content_key(asked(temperature=0.5, top_p=1.0), ARM),
        content_key(asked(temperature=0.0, top_p=1.0, seed=1), ARM),
        content_key(msgspec.structs.replace(same, operation="completion"), ARM),
        content_key(msgspec.structs.replace(same, raw_body=b"{}"), ARM),
        content_key(same, msgspec.structs.replace(ARM, model="n")),
        content_key(same, msgspec.structs.replace(ARM, backend="c")),
        content_key(same, msgspec.structs.replace(ARM, recipe={"system": "Be brief."})),
    ]
    assert len({base, *others}) == 9


def test_the_order_of_nested_fields_is_part_of_what_is_sent() -> None:
    one = asked(tools=[{"a": 1, "b": 2}])
    two = asked(tools=[{"b": 2, "a": 1}])
    assert content_key(one, ARM) != content_key(two, ARM)


def test_frozen_mappings_have_a_key_and_objects_have_none() -> None:
    frozen = asked(response_format=MappingProxyType({"type": "json_object"}))
    assert content_key(frozen, ARM) == content_key(
        asked(response_format={"type": "json_object"}), ARM
    )
    with pytest.raises(TypeError, match="holds a object"):
        content_key(asked(odd=object()), ARM)


def test_a_key_of_ones_own_decides(tmp_path: Path) -> None:
    inner = Scripted(answered(), answered())

    def by_id(request: Request, arm: Arm) -> bytes:
        return request.id.encode()

    async def use(cached: CachedBackend) -> None:
        await cached.complete(asked("one"), ARM)
        assert (await cached.complete(asked("two"), ARM)).cached

    run(tmp_path, inner, use, key=by_id)


def test_the_server_s_load_is_passed_on_where_there_is_one(tmp_path: Path) -> None:
    async def loads() -> list[ServerLoad | None]:
        path = tmp_path / "c"
        return [await CachedBackend(backend=b, path=path).load() for b in (Probed(), Scripted())]

    assert asyncio.run(loads()) == [ServerLoad(running=3.0), None]


def test_of_two_who_answer_at_once_the_first_stays(tmp_path: Path) -> None:
    one, two = ResponseCache(tmp_path / "c"), ResponseCache(tmp_path / "c")
    assert one.get(b"k") is two.get(b"k") is None
    one.put(b"k", Response(model="one"))
    two.put(b"k", Response(model="two"))
    found = two.get(b"k")
    assert found is not None
    assert (found.model, len(one)) == ("one", 1)
    one.close()
    two.close()


def test_what_cannot_be_read_is_asked_again_and_replaced(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "c")
    cache.put(b"k", Response(model="m"))
    with sqlite3.connect(tmp_path / "c") as other:
        other.execute("UPDATE responses SET response = x'c1'")
    other.close()
    assert cache.get(b"k") is None
    cache.put(b"k", Response(model="new"))
    found = cache.get(b"k")
    assert found is not None
    assert found.model == "new"
    cache.close()


def test_a_file_that_is_no_cache_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("this is not a database, and long enough to be read as one")
    with pytest.raises(DataError, match=r"c cannot be opened \(file is not a database\)"):
        ResponseCache(tmp_path / "c").get(b"k")


def test_trouble_with_the_file_loses_no_answer(tmp_path: Path) -> None:
    inner = Scripted(answered())

    async def use(cached: CachedBackend) -> None:
        assert len(cached.cache) == 0
        with sqlite3.connect(cached.cache.path) as other:
            other.execute("DROP TABLE responses")
        other.close()
        assert await cached.complete(asked(), ARM) == answered()
        assert cached.cache.troubles == 2

    run(tmp_path, inner, use)


WRITER = """
import sys
from gairp.backends.response_cache import ResponseCache
from gairp.types import Response
cache, me = ResponseCache(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for i in range(100):
    cache.put(f"{me}/{i}".encode(), Response(model=me))
    cache.put(f"shared/{i}".encode(), Response(model="all"))
    assert cache.get(f"{me}/{i}".encode()) is not None
assert cache.troubles == 0
cache.close()
"""


def test_several_processes_open_and_write_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"w{i}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0] * 4
    cache = ResponseCache(path)
    assert len(cache) == 500
    cache.close()
