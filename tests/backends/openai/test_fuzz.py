"""Whatever JSON a server sends, a call ends with a response, and never with an exception."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.backends.openai.answer import Answer
from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.call import Call
from gairp.backends.openai.chat_answer import ChatAnswer
from gairp.backends.openai.connection import Connection
from gairp.backends.openai.error_body import kind_of_status, read_error, stream_error
from gairp.backends.openai.parse import parse_body
from gairp.backends.openai.patience import Patience
from gairp.backends.openai.responses_answer import ResponsesAnswer
from gairp.backends.openai.sse import EventReader
from gairp.types import Failure, Response

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from([10**400, "9" * 5000, "stop", "function_call", "completed", "\ud83d"])
)  # fmt: skip
_KEYS = """
choices delta message content tool_calls function name arguments index id type text usage
prompt_tokens completion_tokens total_tokens finish_reason logprobs logprob model error code
response output item status incomplete_details reason input_tokens prompt_tokens_details
cached_tokens reasoning_content thinking refusal metadata details retryDelay
"""
KEYS = st.sampled_from(_KEYS.split())
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        "response.created", "response.completed", "response.failed", "response.output_text.delta",
        "response.output_item.added", "response.output_item.done", "response.refusal.delta",
        "response.function_call_arguments.delta", "response.reasoning_text.delta", "error", "ping",
    ]
)  # fmt: skip
CHAT = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": JSON | st.dictionaries(KEYS, JSON)}))},
    optional={"usage": JSON, "model": JSON, "error": JSON},
)
RESPONSES = st.fixed_dictionaries(
    {"type": KINDS}, optional={"response": JSON, "item": JSON, "delta": JSON, "output_index": JSON}
)


def followed(answer: Answer, events: list[Any], *, stream: bool) -> Response:
    """What a call makes of events, read from their bytes as they would come."""

    async def run() -> Response:
        body = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 5, "stream": stream}
        unused = cast(Connection, None)
        call = Call(unused, answer, name="r", chat=body, body=body, patience=Patience())
        failure = None
        try:
            for event in events:
                call.take(parse_body(json.dumps(event).encode()))
        except BrokenAnswerError as error:
            failure = Failure(kind=error.kind, message=error.message, billing_unknown=True)
        return call.response(failure, "cl100k_base")

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [True, False])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(events=st.lists(CHAT | JSON, max_size=3))
def test_any_chat(stream: bool, events: list[Any]) -> None:
    response = followed(ChatAnswer("asked"), events, stream=stream)
    assert isinstance(response.model, str)
    assert response.usage.input_tokens > 0
    assert response.usage.output_tokens >= 0
    assert response.usage.cached_tokens <= response.usage.input_tokens


@pytest.mark.parametrize("stream", [True, False])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(events=st.lists(RESPONSES | JSON, max_size=3))
def test_any_response(stream: bool, events: list[Any]) -> None:
    response = followed(ResponsesAnswer("asked"), events, stream=stream)
    assert isinstance(response.content, str)
    assert response.usage.output_tokens >= 0


@settings(max_examples=150, deadline=None, derandomize=True)
@given(body=JSON, status=st.integers(300, 599))
def test_any_error(body: Any, status: int) -> None:
    error = read_error(body)
    assert len(str(error)) < 1100
    assert kind_of_status(status, error)
    told = stream_error({"error": body})
    assert (told is None) == (not body)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(parts=st.lists(st.binary(max_size=12) | st.sampled_from([b"data: ", b"\n", b"\r", b":"])))
def test_any_bytes_fall_into_the_same_events_wherever_they_are_cut(parts: list[bytes]) -> None:
    def read(pieces: list[bytes]) -> list[Any]:
        reader = EventReader()
        return [event for piece in pieces for event in reader.feed(piece)] + reader.end()

    whole = b"".join(parts)
    assert read(parts) == read([whole]) == read([whole[i : i + 1] for i in range(len(whole))])
