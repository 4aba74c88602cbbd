"""What every backend promises: answers, usage, time, and its hands off what it no longer needs."""

from __future__ import annotations

import asyncio
import math
from contextlib import aclosing

import pytest

from gairp.protocols import Backend
from gairp.types import Arm, Request, Response
from tests.contracts.backend_cases import CASES, COVERED, Case, backend_classes
from tests.contracts.backend_world import ARM, REQUEST, TEXT, WORDS, World, failure, in_world

every_case = pytest.mark.parametrize("backend_case", CASES, ids=str)


def question(text: str, **params: object) -> Request:
    """A request with this prompt."""
    return Request(id="r1", messages=({"role": "user", "content": text},), params=params)


def test_every_backend_is_tested() -> None:
    """A class that is not in the table of factories is not known to keep its promises."""
    assert backend_classes() == COVERED
    assert {type(case.build("http://127.0.0.1:1/v1")) for case in CASES} == COVERED


@every_case
def test_completes(backend_case: Case) -> None:
    """Text, model, reason, and times in their order."""
    response = in_world(backend_case, World.ask, spec={"first_token_s": 0.03, "per_token_s": 0.005})
    assert response.error is None
    assert (response.content, response.model, response.finish_reason) == (TEXT, "m", "stop")
    # Fourteen tokens; a sleep of the server's may be short by the resolution of its clock.
    assert response.latency_s >= 0.03 + 13 * 0.005 - 0.002
    if backend_case.streams:
        # A busy machine reads late: it may hear the first token when the last is already there.
        assert 0.03 - 0.002 <= response.first_token_s < response.latency_s
        longest = (response.latency_s - response.first_token_s) / 13
        assert 0 <= response.inter_token_s <= longest + 1e-9
    else:
        assert math.isnan(response.first_token_s)


@every_case
def test_streams(backend_case: Case) -> None:
    """The pieces are the whole; the last chunk, and only that, carries the response."""
    *chunks, last = in_world(backend_case, World.hear)
    assert all(chunk.response is None for chunk in chunks)
    assert last.response is not None
    assert last.text == ""
    assert "".join(chunk.text for chunk in chunks) == last.response.content == TEXT
    texts = [chunk.text for chunk in chunks if chunk.text]
    assert len(texts) == (len(WORDS) if backend_case.streams else 1)


@every_case
def test_says_the_same_whole_and_in_pieces(backend_case: Case) -> None:
    """Whatever the times."""

    async def work(world: World) -> tuple[Response, Response | None]:
        whole = await world.ask()
        return whole, (await world.hear())[-1].response

    whole, heard = in_world(backend_case, work)
    assert heard is not None
    assert (heard.content, heard.usage, heard.model) == (whole.content, whole.usage, whole.model)


@every_case
def test_usage_is_the_servers_bill(backend_case: Case) -> None:
    """To the token, what was read from the cache too."""

    async def work(world: World) -> tuple[Response, World]:
        return await world.ask(), world

    response, world = in_world(backend_case, work, spec={"cached_tokens": 2})
    (call,) = world.calls
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens) == (call.billed_input, call.billed_output)
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (4, len(WORDS), 2)
    assert usage.source == "reported"


@every_case
def test_the_limit_of_length(backend_case: Case) -> None:
    """Reaches the server, and shows as the reason."""

    async def work(world: World) -> Response:
        return await world.ask(question("Who lit the lamp?", max_tokens=3))

    response = in_world(backend_case, work)
    assert (response.content, response.finish_reason) == ("The lamp by", "length")
    assert response.usage.output_tokens == 3


@every_case
@pytest.mark.parametrize(
    "text", ["🌍 見る Ünïcödé \u200d✈️ 𝔘", "\n\n  spaces \t kept \n", '\u0000\u2028\\"']
)
def test_unicode(backend_case: Case, text: str) -> None:
    """There and back, with characters of four bytes."""

    async def work(world: World) -> Response:
        return await world.ask(question(text))

    assert in_world(backend_case, work, spec={"answer": "echo"}).content == text


@every_case
def test_empty_and_long_prompts(backend_case: Case) -> None:
    """An empty prompt gets an empty answer; a long one comes back whole."""

    async def work(world: World) -> tuple[Response, Response]:
        whole = question(long, max_tokens=40_000)
        return await world.ask(question("")), await world.ask(whole)

    long = "word " * 39_999 + "end"
    empty, whole = in_world(backend_case, work, spec={"answer": "echo"})
    assert (empty.error, empty.content, empty.usage.output_tokens) == (None, "", 0)
    assert (whole.error, whole.content) == (None, long)
    assert whole.usage.output_tokens == 40_000


@every_case
def test_a_prompt_that_does_not_fit(backend_case: Case) -> None:
    """Says so, with its own kind, whose request it was, and what to do."""

    async def work(world: World) -> Response:
        return await world.ask(question("word " * 50, max_tokens=10))

    error = failure(in_world(backend_case, work, spec={"max_context": 40}))
    assert (error.kind, error.retryable, error.billing_unknown) == (
        "context_overflow",
        False,
        False,
    )
    assert "maximum context length is 40 tokens" in error.message
    assert "'r1'" in error.message
    assert "'lamp'" in error.message
    assert "larger context window" in error.message


@every_case
def test_the_model_that_answered(backend_case: Case) -> None:
    """Is the one that the server names, not the one that was asked."""
    assert in_world(backend_case, World.ask, spec={"answers_as": "m-2026"}).model == "m-2026"


@every_case
def test_tool_calls(backend_case: Case) -> None:
    """Come whole, in the form of a chat message."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "weather", "parameters": parameters}}

    async def work(world: World) -> Response:
        return await world.ask(question("Paris?", tools=[tool]))

    answer = {"tool": {"name": "weather", "arguments": {"city": "Paris"}}}
    response = in_world(backend_case, work, spec={"answer": answer})
    assert response.finish_reason == "tool_calls"
    assert response.message is not None
    (call,) = response.message["tool_calls"]
    assert call["function"] == {"name": "weather", "arguments": '{"city":"Paris"}'}


@every_case
def test_many_at_once_are_kept_apart(backend_case: Case) -> None:
    """Forty requests over one backend, each with its own answer."""

    async def one(backend: Backend, i: int) -> str:
        messages = ({"role": "user", "content": f"number {i}"},)
        return (await backend.complete(Request(id=f"r{i}", messages=messages), ARM)).content

    async def work(world: World) -> list[str]:
        return await asyncio.gather(*[one(world.backend, i) for i in range(40)])

    spec = {"answer": "echo", "first_token_s": {"uniform": [0, 0.05]}}
    assert in_world(backend_case, work, spec=spec) == [f"number {i}" for i in range(40)]


@every_case
def test_cancelling_a_call_frees_its_connection(backend_case: Case) -> None:
    """The server sees the client leave, and the backend answers the next request."""

    async def work(world: World) -> None:
        task = asyncio.create_task(world.ask())
        await world.until(lambda: len(world.calls) == 1)
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await world.until(lambda: world.calls[0].ended == "left")
        assert backend_case.connections_in_use(world.backend) == 0
        world.server.use({"models": {"m": {"answer": {"text": TEXT}}}})
        assert (await world.ask()).content == TEXT

    in_world(backend_case, work, spec={"per_token_s": 0.5})


@every_case
def test_closing_a_stream_frees_its_connection(backend_case: Case) -> None:
    """The same for a reader that has read enough."""

    async def work(world: World) -> None:
        stream = world.backend.stream(REQUEST, ARM)
        async with aclosing(stream) as chunks:  # type: ignore[type-var]
            async for _ in chunks:
                break
        assert backend_case.connections_in_use(world.backend) == 0
        await world.until(lambda: world.calls[0].ended in ("left", "answered"))
        # A whole answer is there at once, and has nothing left to break off.
        assert (world.calls[0].ended == "left") == backend_case.streams

    in_world(backend_case, work, spec={"per_token_s": 0.02})


@every_case
def test_connections_are_given_back(backend_case: Case) -> None:
    """None is in use after answers good and bad; after closing, twice, none is open."""

    async def work(world: World) -> None:
        for _ in range(6):
            await world.ask()
        assert backend_case.connections_in_use(world.backend) == 0
        await world.backend.aclose()
        await world.backend.aclose()
        await world.until(lambda: world.server.connections == 0)

    faults = [
        {"kind": "status_500", "when": "call 2"},
        {"kind": "reset_midstream", "when": "call 3"},
        {"kind": "garbage_json", "when": "call 4"},
        {"kind": "end_midstream", "when": "call 5"},
    ]
    in_world(backend_case, work, faults=faults)


@every_case
def test_an_arm_without_a_server(backend_case: Case) -> None:
    """Is a failed connection and no exception; nobody can have billed it."""

    async def work() -> Response:
        backend = backend_case.build("http://127.0.0.1:1/v1")
        try:
            return await backend.complete(REQUEST, Arm(name="lamp", model="m"))
        finally:
            await backend.aclose()

    error = failure(asyncio.run(work()))
    assert (error.kind, error.retryable, error.started) == ("connection", True, False)
    assert not error.billing_unknown
    assert "127.0.0.1:1" in error.message
