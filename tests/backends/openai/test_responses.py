"""The Responses API: bodies, streams, whole answers, failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gairp.backends.openai.responses_body import responses_body
from gairp.types import Request
from tests.backends.openai.asking import answered, streamed
from tests.backends.openai.raw_server import Step, event


def test_messages_and_params_are_translated() -> None:
    schema = {"name": "x", "schema": {"type": "object"}, "strict": True}
    function = {"name": "sum", "parameters": {"type": "object"}}
    called = {"name": "sum", "arguments": "{}"}
    body = responses_body(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": "Be kind."},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What?"},
                        {"type": "image_url", "image_url": {"url": "data:,", "detail": "low"}},
                        {"type": "file", "file": {"file_id": "f"}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c1", "type": "function", "function": called}],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "4"},
                {"role": "assistant", "content": [{"type": "text", "text": "Four."}]},
                {"role": "user", "content": "Sure?"},
            ],
            "max_completion_tokens": 5,
            "temperature": 0.5,
            "tools": [{"type": "function", "function": function}, {"type": "web_search"}],
            "tool_choice": {"type": "function", "function": {"name": "sum"}},
            "response_format": {"type": "json_schema", "json_schema": schema},
            "verbosity": "low",
            "reasoning_effort": "minimal",
            "reasoning": {"summary": "auto"},
            "logprobs": True,
            "include": ["reasoning.encrypted_content"],
            "top_logprobs": 2,
            "seed": 7,
        }
    )
    assert body == {
        "model": "m",
        "instructions": "Be brief.\n\nBe kind.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What?"},
                    {"type": "input_image", "image_url": "data:,", "detail": "low"},
                    {"type": "input_file", "file_id": "f"},
                ],
            },
            {"type": "function_call", "call_id": "c1", **called},
            {"type": "function_call_output", "call_id": "c1", "output": "4"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Four."}]},
            {"role": "user", "content": "Sure?"},
        ],
        "store": False,
        "max_output_tokens": 5,
        "temperature": 0.5,
        "tools": [{"type": "function", **function}, {"type": "web_search"}],
        "tool_choice": {"type": "function", "name": "sum"},
        "text": {"format": {"type": "json_schema", **schema}, "verbosity": "low"},
        "reasoning": {"summary": "auto", "effort": "minimal"},
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "top_logprobs": 2,
        "seed": 7,
    }


def test_other_forms() -> None:
    chat = {
        "model": "m",
        "messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "late"}],
        "response_format": {"type": "json_object"},
        "tool_choice": "auto",
        "logprobs": False,
    }
    body = responses_body(chat)
    assert body["input"] == chat["messages"]
    assert body["text"] == {"format": {"type": "json_object"}}
    assert body["tool_choice"] == "auto"
    assert "instructions" not in body
    assert "include" not in body


def at(kind: str, **fields: Any) -> bytes:
    return b"event: " + kind.encode() + b"\n" + event({"type": kind, **fields})


USAGE = {
    "input_tokens": 14,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens": 6,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 20,
}
SERVED = {"model": "served-1", "usage": USAGE, "status": "completed", "output": []}
OPEN = at(
    "response.created", response={"model": "served-1", "status": "in_progress", "error": None}
)
DELTA = "response.output_text.delta"
FOUR: list[Step] = [
    OPEN,
    at(DELTA, delta="Two and two", logprobs=[{"token": "x", "logprob": -0.5}]),
    0.02,
    at(DELTA, delta=" are four.", logprobs=[]),
    at("response.output_text.done", text="Two and two are four."),
    at("response.completed", response=SERVED),
]


def test_a_streamed_answer() -> None:
    response, served = answered(FOUR, api="responses", max_tokens_field="max_completion_tokens")
    assert response.error is None
    assert (response.content, response.model) == ("Two and two are four.", "served-1")
    assert response.finish_reason == "stop"
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (14, 6, 2)
    assert usage.source == "reported"
    assert response.signals == {"logprob_mean": -0.5, "logprob_min": -0.5}
    assert response.message is None
    assert response.latency_s >= 0.02 - 0.002
    assert 0 <= response.inter_token_s <= response.latency_s - response.first_token_s + 1e-9
    assert served.heads[0].startswith("POST /v1/responses ")
    assert served.bodies == [
        {
            "model": "asked-for",
            "input": [{"role": "user", "content": "How many are two and two?"}],
            "store": False,
            "max_output_tokens": 1024,
            "stream": True,
        }
    ]


def test_chunks_join_to_the_content() -> None:
    *chunks, last = streamed(FOUR, api="responses")
    assert last.response is not None
    assert "".join(chunk.text for chunk in chunks) == last.response.content
    assert [chunk.event["type"] for chunk in chunks if chunk.event][-1] == "response.completed"


def test_tool_calls_reasoning_and_refusals_have_chats_form() -> None:
    call = {"type": "function_call", "id": "fc", "call_id": "c1", "name": "sum", "arguments": ""}
    response, _ = answered(
        [
            OPEN,
            at("response.reasoning_summary_text.delta", delta="Count."),
            at("response.output_item.added", output_index=1, item=call),
            at("response.function_call_arguments.delta", output_index=1, delta='{"of"'),
            at("response.function_call_arguments.delta", output_index=1, delta=": 2}"),
            at(
                "response.output_item.done", output_index=1, item={**call, "arguments": '{"of": 2}'}
            ),
            at("response.refusal.delta", delta="No."),
            at("response.completed", response=SERVED),
        ],
        api="responses",
    )
    assert response.finish_reason == "tool_calls"
    assert response.message == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Count.",
        "refusal": "No.",
        "tool_calls": [
            {
                "id": "c1",
                "type": "function",
                "function": {"name": "sum", "arguments": '{"of": 2}'},
            }
        ],
    }


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
)
def test_incomplete_answers_say_why(reason: str, finish: str) -> None:
    ended = {**SERVED, "status": "incomplete", "incomplete_details": {"reason": reason}}
    response, _ = answered([*FOUR[:-1], at("response.incomplete", response=ended)], api="responses")
    assert (response.error, response.finish_reason) == (None, finish)


@pytest.mark.parametrize(
    ("last", "kind", "words"),
    [
        ([], "truncated", "without its end mark"),
        (
            [at("error", code="rate_limit_exceeded", message="Slow down.", param=None)],
            "rate_limit",
            "Slow down.",
        ),
        (
            [
                at(
                    "response.failed",
                    response={
                        "status": "failed",
                        "error": {"code": "server_error", "message": "x"},
                    },
                )
            ],
            "server",
            "server_error: x",
        ),
        ([at("response.failed", response={"status": "failed"})], "server", "is failed"),
        ([at(DELTA)], "malformed", "KeyError: 'delta'"),
    ],
)
def test_broken_streams(last: list[Step], kind: str, words: str) -> None:
    response, _ = answered([*FOUR[:2], *last], api="responses")
    error = response.error
    assert error is not None
    assert (error.kind, error.started, error.billing_unknown) == (kind, True, True)
    assert words in error.message
    assert response.content == "Two and two"
    assert response.usage.source == "partial"


def test_an_answer_in_one_piece() -> None:
    text = {"type": "output_text", "text": "four", "logprobs": [{"logprob": -1.0}]}
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    body = {**SERVED, "output": [{"type": "message", "content": [text]}, call]}
    response, served = answered(
        [json.dumps(body).encode()],
        server={"content_type": "application/json"},
        api="responses",
        stream=False,
        request=Request(id="r", messages=({"role": "user", "content": "2+2?"},)),
    )
    assert (response.content, response.finish_reason) == ("four", "tool_calls")
    assert response.signals["logprob_min"] == -1.0
    assert response.message is not None
    assert response.message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert "stream" not in served.bodies[0]
    broken, _ = answered(
        [b"{}"], server={"content_type": "application/json"}, api="responses", stream=False
    )
    assert broken.error is not None
    assert broken.error.kind == "malformed"
