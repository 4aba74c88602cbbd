"""Whole and streamed answers, byte for byte as servers send them."""

from __future__ import annotations

import asyncio
import json
import math

import pytest

from gairp.backends.openai import OpenAIBackend
from gairp.types import Arm, Request
from tests.backends.openai.asking import ARM, REQUEST, answered, streamed
from tests.backends.openai.raw_server import DONE, Step, chat, event, raw_server, usage

FOUR: list[Step] = [
    chat({"role": "assistant", "content": ""}),
    chat({"content": "Two and two"}),
    0.02,
    chat({"content": " are"}),
    0.02,
    chat({"content": " four."}),
    chat({}, "stop"),
    usage(14, 6, prompt_tokens_details={"cached_tokens": 8}),
    DONE,
]


def test_a_streamed_answer_is_whole_and_timed() -> None:
    response, served = answered(FOUR)
    assert response.error is None
    assert response.content == "Two and two are four."
    assert response.model == "served-1"
    assert response.finish_reason == "stop"
    assert response.message is None
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (14, 6, 8)
    assert usage.source == "reported"
    assert math.isnan(usage.reported_input)
    # A busy client may read the pieces at once; the server's pauses are in the whole either way.
    assert response.latency_s >= 0.04 - 0.002
    assert 0 < response.first_token_s < response.latency_s
    gaps = response.latency_s - response.first_token_s
    assert 0 <= response.inter_token_s <= gaps + 1e-9
    assert served.bodies == [
        {
            "model": "asked-for",
            "messages": [dict(REQUEST.messages[0])],
            "max_tokens": 1024,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]


def test_chunks_carry_events_and_the_last_the_response() -> None:
    *chunks, last = streamed(FOUR)
    assert [chunk.text for chunk in chunks] == ["", "Two and two", " are", " four.", "", ""]
    assert all(chunk.response is None for chunk in chunks)
    assert chunks[-1].event is not None
    assert chunks[-1].event["usage"]["completion_tokens"] == 6
    assert last.response is not None
    assert last.response.content == "".join(chunk.text for chunk in chunks)
    assert last.text == ""


def test_one_piece_where_no_stream_is_wanted() -> None:
    body = {
        "model": "served-1",
        "choices": [{"message": {"role": "assistant", "content": "four"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 14, "completion_tokens": 1},
    }
    response, served = answered(
        [json.dumps(body).encode()], server={"content_type": "application/json"}, stream=False
    )
    assert (response.content, response.model, response.error) == ("four", "served-1", None)
    assert math.isnan(response.first_token_s)
    assert math.isnan(response.inter_token_s)
    assert response.latency_s > 0
    assert "stream" not in served.bodies[0]


def test_a_server_that_cannot_stream_is_understood() -> None:
    body = b'{"model": "m", "choices": [{"message": {"content": "four"}}]}'
    response, _ = answered([body], server={"content_type": "application/json; charset=utf-8"})
    assert (response.content, response.finish_reason, response.error) == ("four", "stop", None)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_events_torn_anywhere_give_the_same_text(size: int, end: bytes) -> None:
    parts = [step for step in FOUR if isinstance(step, bytes)]
    raw = b"".join(parts).replace(b"four", "vier – quatre".encode())
    raw = b": a comment\n\n" + raw
    raw = raw.replace(b"\n", end)
    response, _ = answered([raw[i : i + size] for i in range(0, len(raw), size)])
    assert response.error is None
    assert response.content == "Two and two are vier – quatre."


def test_the_mark_of_the_end_may_be_missing() -> None:
    response, _ = answered(FOUR[:-1])
    assert response.error is None
    assert response.content == "Two and two are four."
    assert response.usage.source == "reported"


def test_the_reason_may_be_missing() -> None:
    response, _ = answered([chat({"content": "four"}), DONE])
    assert (response.error, response.finish_reason) == (None, "stop")


def test_connections_are_used_again() -> None:
    async def ask() -> int:
        async with raw_server(FOUR) as served:
            backend = OpenAIBackend(base_url=served.url)
            for _ in range(3):
                assert (await backend.complete(REQUEST, ARM)).error is None
            await backend.aclose()
            await backend.aclose()
            return served.connections

    assert asyncio.run(ask()) == 1


def test_tool_calls_come_together() -> None:
    def call(index: int, **fields: object) -> bytes:
        return chat({"tool_calls": [{"index": index, **fields}]})

    response, _ = answered(
        [
            call(0, id="a", type="function", function={"name": "sum", "arguments": ""}),
            call(0, function={"arguments": '{"of": '}),
            call(0, function={"arguments": "[2, 2]}"}),
            call(1, id="b", type="function", function={"name": "now", "arguments": "{}"}),
            chat({}, "tool_calls"),
            DONE,
        ]
    )
    assert response.error is None
    assert response.content == ""
    assert response.finish_reason == "tool_calls"
    assert response.message == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "sum", "arguments": '{"of": [2, 2]}'},
            },
            {"id": "b", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        ],
    }
    assert response.first_token_s > 0


def test_logprobs_become_signals() -> None:
    def token(text: str, value: float) -> bytes:
        choice = {"delta": {"content": text}, "logprobs": {"content": [{"logprob": value}]}}
        return event({"choices": [choice]})

    response, _ = answered([token("fo", -0.5), token("ur", -1.5), chat({}, "stop"), DONE])
    assert response.signals == {"logprob_mean": -1.0, "logprob_min": -1.5}


def test_reasoning_is_kept_apart() -> None:
    response, _ = answered(
        [
            chat({"reasoning_content": "Count"}),
            chat({"reasoning_content": " fingers."}),
            chat({"content": "four"}, "stop"),
            usage(14, 300),
            DONE,
        ]
    )
    assert response.content == "four"
    assert response.message == {
        "role": "assistant",
        "content": "four",
        "reasoning_content": "Count fingers.",
    }
    assert (response.usage.output_tokens, response.usage.source) == (300, "reported")


def test_params_reach_the_server_whatever_they_are() -> None:
    params = {
        "tools": [{"type": "function", "function": {"name": "sum", "parameters": {}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
        "logprobs": True,
        "seed": 7,
        "of_tomorrow": {"deep": [1]},
        "max_completion_tokens": 5,
    }
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [{"type": "text", "text": "What is this?"}, image]
    request = Request(id="r", messages=({"role": "user", "content": content},), params=params)
    _, served = answered(
        FOUR, request=request, headers={"x-a": "b"}, query={"api-version": "7"}, include_usage=False
    )
    (body,) = served.bodies
    del params["max_completion_tokens"]
    assert body == {
        "model": "asked-for",
        "messages": [{"role": "user", "content": content}],
        "max_tokens": 5,
        "stream": True,
        **params,
    }
    assert served.heads[0].startswith("POST /v1/chat/completions?api-version=7 HTTP/1.1")
    assert "x-a: b" in served.heads[0]


def test_keys_go_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "s3cret-of-ours")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-ours")
    bearer, none, azure = (
        served.heads[0].lower()
        for _, served in (
            answered(FOUR, api_key_env="A_KEY"),
            answered(FOUR),
            answered(FOUR, api_key_env="A_KEY", auth_header="api-key"),
        )
    )
    assert "authorization: bearer s3cret-of-ours" in bearer
    assert "authorization: bearer none" in none
    assert "api-key: s3cret-of-ours" in azure
    assert "authorization" not in azure
    assert "org-of-ours" not in bearer + none + azure


def test_the_request_is_named_where_a_header_can_hold_its_name() -> None:
    for name, line in (("r-1", "x-client-request-id: r-1\r\n"), ("é", ""), ("a\nb", "")):
        request = Request(id=name, messages=REQUEST.messages)
        response, served = answered(FOUR, request=request)
        assert response.error is None
        assert line in served.heads[0].lower()
        assert bool(line) == ("x-client-request-id" in served.heads[0].lower())


def test_the_recipe_of_the_arm_is_followed() -> None:
    arm = Arm(name="shots", model="m", recipe={"shots": 1, "system": "Be brief."})
    request = Request(id="r", messages=REQUEST.messages, examples=(("1+1?", "2"), ("2+2?", "4")))
    _, served = answered(FOUR, request=request, arm=arm, max_tokens_field="max_completion_tokens")
    (body,) = served.bodies
    assert [message["content"] for message in body["messages"]] == [
        "Be brief.", "1+1?", "2", "How many are two and two?",
    ]  # fmt: skip
    assert body["max_completion_tokens"] == 1024
    assert "max_tokens" not in body
