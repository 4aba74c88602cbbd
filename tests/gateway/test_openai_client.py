"""OpenAI's own client, unchanged: what it gets is the acceptance test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.gateway.world import HI, World, world


def in_world(home: Path, work: Callable[[World], Awaitable[Any]], **more: Any) -> Any:
    async def run() -> Any:
        async with world(home, **more) as it:
            return await work(it)

    return asyncio.run(run())


def test_a_whole_answer_with_its_headers(tmp_path: Path) -> None:
    async def work(it: World) -> None:
        raw = await it.ask("gpt-4o")
        answer, headers = raw.parse(), raw.headers
        assert answer.choices[0].message.content == "a longer and better answer"
        assert answer.model == headers["x-gairp-model"] == "large"
        usage = answer.usage
        cost = (usage.prompt_tokens * 1.0 + usage.completion_tokens * 4.0) * 1e-6
        assert float(headers["x-gairp-cost-usd"]) == pytest.approx(cost, abs=1e-9)
        assert headers["x-gairp-attempts"] == "1"
        assert headers["x-gairp-decision-id"] == headers["x-request-id"] + "/0"

    in_world(tmp_path, work)


def test_a_stream_is_the_whole_answer(tmp_path: Path) -> None:
    async def work(it: World) -> list[Any]:
        stream = await it.client.chat.completions.create(
            model="small", messages=HI, stream=True, stream_options={"include_usage": True}
        )
        return [chunk async for chunk in stream]

    chunks = in_world(tmp_path, work)
    texts = [c.choices[0].delta.content or "" for c in chunks if c.choices]
    assert "".join(texts) == "a short answer"
    assert chunks[-1].usage.completion_tokens > 0
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def test_usage_that_was_not_asked_for_is_ours_alone(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[list[Any], Any]:
        stream = await it.client.chat.completions.create(model="small", messages=HI, stream=True)
        chunks = [chunk async for chunk in stream]
        recent = next(iter(it.gateway.engine.recents._kept.values()))
        return chunks, recent.outcome.attempts[-1].response

    chunks, response = in_world(tmp_path, work)
    assert all(chunk.choices for chunk in chunks)
    assert response.usage.source == "reported"
    assert response.usage.output_tokens > 0
    assert 0 < response.first_token_s <= response.latency_s


def test_other_operations(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[Any, Any, Any]:
        completion = await it.client.completions.create(model="small", prompt="hello")
        embedding = await it.client.embeddings.create(model="small", input=["hello", "world"])
        response = await it.client.responses.create(model="large", input="hello")
        return completion, embedding, response

    completion, embedding, response = in_world(tmp_path, work)
    assert completion.choices[0].text == "a short answer"
    assert len(embedding.data) == 2
    assert response.output_text == "a longer and better answer"


def test_a_stream_of_a_response(tmp_path: Path) -> None:
    async def work(it: World) -> list[Any]:
        stream = await it.client.responses.create(model="large", input="hello", stream=True)
        return [event async for event in stream]

    events = in_world(tmp_path, work)
    texts = [e.delta for e in events if e.type == "response.output_text.delta"]
    assert "".join(texts) == "a longer and better answer"
    assert events[-1].type == "response.completed"
    assert events[-1].response.usage.output_tokens > 0


def test_models_and_their_names(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[list[str], str]:
        names = [model.id for model in (await it.client.models.list()).data]
        return names, (await it.client.models.retrieve("gairp/auto")).id

    names, one = in_world(tmp_path, work)
    assert names == ["both", "gairp/any", "gairp/auto", "gpt-4o", "large", "small"]
    assert one == "gairp/auto"


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ({"kind": "status_400"}, openai.BadRequestError, None),
        ({"kind": "status_401"}, openai.InternalServerError, "upstream_auth"),
        ({"kind": "status_429", "retry_after_s": 30}, openai.RateLimitError, "rate_limit_exceeded"),
        ({"kind": "status_500"}, openai.InternalServerError, "upstream_error"),
        ({"kind": "garbage_json"}, openai.InternalServerError, "upstream_malformed"),
    ],
    ids=lambda x: x["kind"] if isinstance(x, dict) else "",
)
def test_errors_are_those_that_the_client_knows(
    tmp_path: Path, fault: dict[str, Any], error: type[openai.APIStatusError], code: str | None
) -> None:
    async def work(it: World) -> openai.APIStatusError:
        with pytest.raises(error) as caught:
            await it.ask("small")
        return caught.value

    found = in_world(tmp_path, work, faults=[fault])
    assert code is None or found.code == code
    if "retry_after_s" in fault:
        assert found.response.headers["retry-after"] == "30"


def test_what_is_wrong_with_a_request_is_said(tmp_path: Path) -> None:
    async def work(it: World) -> list[tuple[int, str]]:
        bodies: list[Any] = [b"{", b"[]", b'{"model":"small"}', b'{"model":1,"messages":[]}']
        bodies.append(b"[" * 100_000)
        found = []
        for body in bodies:
            reply = await it.http.post("/v1/chat/completions", content=body)
            found.append((reply.status_code, reply.json()["error"]["code"]))
        return found

    found = in_world(tmp_path, work)
    assert [status for status, _ in found] == [400] * 5
    assert {code for _, code in found} <= {"invalid_json", "invalid_request"}


def test_unknown_models_and_paths(tmp_path: Path) -> None:
    async def work(it: World) -> tuple[int, int]:
        with pytest.raises(openai.NotFoundError) as caught:
            await it.ask("nothing-like-it")
        assert caught.value.code == "model_not_found"
        nowhere = await it.http.get("/v1/nowhere")
        wrong = await it.http.get("/v1/chat/completions")
        return nowhere.status_code, wrong.status_code

    assert in_world(tmp_path, work) == (404, 405)
