"""Events out of bytes, tool calls out of pieces."""

from __future__ import annotations

from typing import Any

import pytest

from gairp.backends.openai.broken import BrokenAnswerError
from gairp.backends.openai.chat_answer import ChatAnswer
from gairp.backends.openai.logprobs import Logprobs
from gairp.backends.openai.parse import parse_body
from gairp.backends.openai.sse import Event, EventReader
from gairp.backends.openai.tool_calls import ToolCalls


def read(*parts: bytes) -> list[Event]:
    reader = EventReader()
    return [event for part in parts for event in reader.feed(part)] + reader.end()


def test_events() -> None:
    assert read(b"data: a\n\ndata:b\n\n") == [Event(b"a"), Event(b"b")]
    assert read(b"event: x\nid: 1\nretry: 3\ndata: a\n\n") == [Event(b"a", b"x")]
    assert read(b"data: a\ndata: b\n\n") == [Event(b"a\nb")]
    assert read(b": ping\n\n", b"data: a\n\n") == [Event(b"a")]
    assert read(b": ping\ndata: a\n\n") == [Event(b"a")]
    assert read(b"error: {}\n\n") == [Event(b"{}", b"error")]
    assert read(b"data\n\n\n\n\n") == [Event(b"")]


def test_the_last_empty_line_may_be_missing() -> None:
    assert read(b"data: a\n\ndata: [DONE]") == [Event(b"a"), Event(b"[DONE]")]
    assert read(b"data: [DONE]\r\n") == [Event(b"[DONE]")]


def test_ends_of_lines_may_be_torn() -> None:
    assert read(b"data: a\r", b"\n\r", b"\ndata: b\r\n\r\n") == [Event(b"a"), Event(b"b")]
    assert read(b"data: a\r\r", b"data: b\r\r") == [Event(b"a"), Event(b"b")]


def test_an_event_without_end_is_refused() -> None:
    reader = EventReader()
    for _ in range(16):
        reader.feed(b"x" * 2**20)
    with pytest.raises(BrokenAnswerError, match="16 MiB"):
        reader.feed(b"x")


def test_json_is_read_leniently() -> None:
    assert parse_body(b'{"a": [1, null]}') == {"a": [1, None]}
    assert parse_body(b'{"a": -Infinity}') == {"a": float("-inf")}
    assert parse_body(b'"\\ud83d"') == "\ud83d"
    for bad in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(BrokenAnswerError, match="no JSON"):
            parse_body(bad)


def called(*pieces: dict[str, Any]) -> list[tuple[Any, str, str]]:
    calls = ToolCalls()
    for piece in pieces:
        calls.feed(piece)
    found = [(call["id"], call["function"]) for call in calls.whole()]
    return [(id_, function["name"], function["arguments"]) for id_, function in found]


def piece(name: str | None, arguments: Any, **fields: Any) -> dict[str, Any]:
    return {**fields, "function": {"name": name, "arguments": arguments}}


def test_calls_without_index_or_id() -> None:
    assert called(piece("f", "{}", id="", index=None), piece("g", "{}", id="")) == [
        (None, "f", "{}"),
        (None, "g", "{}"),
    ]
    assert called(piece("f", '{"a"', id="x"), piece(None, ": 1}"), piece("g", "{}", id="y")) == [
        ("x", "f", '{"a": 1}'),
        ("y", "g", "{}"),
    ]
    assert called(piece("f", "1", id="x"), piece("g", "2", id="y"), piece("f", "3", id="x")) == [
        ("x", "f", "13"),
        ("y", "g", "2"),
    ]


def test_calls_that_share_an_index() -> None:
    assert called(
        piece("f", "{", index=0, id="x"),
        piece(None, "}", index=0),
        piece("f", "[", index=0, id="y"),
        piece(None, "]", index=0),
    ) == [("x", "f", "{}"), ("y", "f", "[]")]


def test_an_id_that_changes_is_the_same_call() -> None:
    assert called(
        piece("f", "", index=0, id="x"), piece(None, "{", index=0, id="y"), piece("", "}", index=0)
    ) == [("x", "f", "{}")]


def test_arguments_may_be_an_object() -> None:
    assert called(piece("f", {"a": 1}, index=0)) == [(None, "f", '{"a": 1}')]


def test_other_fields_of_a_call_stay() -> None:
    calls = ToolCalls()
    extra = {"google": {"thought_signature": "s"}}
    calls.feed({"index": 0, "function": {"name": "f"}, "extra_content": extra})
    assert calls.whole()[0]["extra_content"] == extra


def test_logprobs() -> None:
    logprobs = Logprobs()
    assert logprobs.signals() == {}
    logprobs.feed([{"logprob": -1.0}, {"logprob": None}, {}])
    logprobs.feed([-3.0, None])
    logprobs.feed(None)
    assert logprobs.signals() == {"logprob_mean": -2.0, "logprob_min": -3.0}


def fed(*events: dict[str, Any]) -> ChatAnswer:
    answer = ChatAnswer("asked")
    for event in events:
        answer.feed(event)
    return answer


def delta(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields}]}


def test_only_the_first_choice_is_followed() -> None:
    other = {"choices": [{"index": 1, "delta": {"content": "b"}}]}
    assert fed(delta(content="a"), other, delta(content="c")).content == "ac"


def test_content_may_come_in_parts() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    answer = fed(delta(content=[thinking, {"type": "text", "text": "a"}]), delta(content="b"))
    assert answer.content == "ab"
    assert answer.thought
    assert answer.extras == {"reasoning_content": "hm"}
    assert answer.generated() == "abhm"


def test_what_else_a_message_has_is_kept() -> None:
    answer = fed(
        delta(annotations=[1]), delta(annotations=[2], audio={"id": "a"}), delta(refusal="No")
    )
    assert answer.message() == {
        "role": "assistant",
        "content": None,
        "annotations": [1, 2],
        "audio": {"id": "a"},
        "refusal": "No",
    }
    assert not answer.thought


def test_choices_without_a_delta_and_models_without_a_name_are_nothing() -> None:
    answer = fed({"model": "", "choices": [{"index": 0, "content_filter_results": {}}]}, {})
    assert (answer.content, answer.pieces, answer.model) == ("", 0, "asked")
