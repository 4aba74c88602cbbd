"""Every fault, byte by byte: what the client sees, and what it is charged."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import pytest

from gairp.backends.fake import FakeServer
from gairp.backends.fake.faults import KINDS, ConnectionRefused
from gairp.backends.fake.program import Program
from gairp.errors import ConfigError
from tests.backends.fake.raw import TEXT, ask, heard, struck


def test_every_kind_shows_itself() -> None:
    """Its line of YAML is of that kind, and it says in a sentence what it does."""
    import yaml

    for kind, fault in KINDS.items():
        (read,) = Program.of({"faults": [yaml.safe_load(fault.example)]}).faults
        assert type(read) is fault
        assert read.kind == kind
        assert fault.__doc__


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 529])
def test_status(status: int) -> None:
    """The status with an error in OpenAI's form; nothing is charged."""
    answer, call = struck(f"status_{status}")
    assert answer.status == call.status == status
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}
    assert (call.ended, call.billed_input, call.billed_output) == ("refused", 0, 0)


@pytest.mark.parametrize(
    ("form", "header"), [("seconds", b"Retry-After: 2"), ("ms", b"retry-after-ms: 2000")]
)
def test_retry_after(form: str, header: bytes) -> None:
    """In the form asked for."""
    fault = {"kind": "status_429", "retry_after_s": 2, "retry_after_form": form}
    assert header in struck(fault)[0].head.split(b"\r\n")


def test_retry_after_as_a_date() -> None:
    """Two seconds from now, to the second."""
    fault = {"kind": "status_429", "retry_after_s": 30, "retry_after_form": "date"}
    lines = struck(fault)[0].head.decode().split("\r\n")
    (date,) = [line.removeprefix("Retry-After: ") for line in lines if "Retry-After" in line]
    assert abs(parsedate_to_datetime(date).timestamp() - time() - 30) < 3


def test_context_overflow() -> None:
    """As OpenAI words it."""
    answer, call = struck({"kind": "context_overflow", "limit": 100})
    assert (answer.status, call.billed_input) == (400, 0)
    assert answer.json["error"]["code"] == "context_length_exceeded"
    assert "maximum context length is 100 tokens" in answer.json["error"]["message"]


def test_key_in_error() -> None:
    """The key comes back whole."""
    answer, _ = heard({"faults": ["key_in_error"]}, headers={"Authorization": "Bearer sk-mine-1"})
    assert answer.status == 401
    assert "sk-mine-1" in answer.json["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_resets_before_anything(stream: bool) -> None:
    """No byte, or the head alone, and the whole answer is charged: it was made."""
    answer, call = struck("reset_before_headers", stream=stream)
    assert (answer.raw, answer.ended) == (b"", "reset")
    assert (call.ended, call.billed_input, call.billed_output) == ("broken", 3, 6)
    answer, call = struck("reset_after_headers", stream=stream)
    assert (answer.status, answer.body, answer.ended) == (200, b"", "reset")
    assert (call.sent_tokens, call.billed_output) == (0, 6)


@pytest.mark.parametrize(
    ("kind", "ended"),
    [
        ("reset_midstream", "reset"),
        ("close_midstream", "closed"),
        ("end_midstream", "closed"),
        ("hang_midstream", "silent"),
    ],
)
def test_cuts_in_the_middle(kind: str, ended: str) -> None:
    """Two words come, and they are charged; only a proper end has the mark of HTTP."""
    answer, call = struck({"kind": kind, "after_chunks": 2})
    assert (answer.text, answer.ended) == ("one two", ended)
    assert answer.raw.endswith(b"\r\n0\r\n\r\n") == (kind == "end_midstream")
    assert (call.billed_input, call.billed_output, call.finished) == (3, 2, False)


@pytest.mark.parametrize("kind", ["reset_midstream", "close_midstream", "truncated_body"])
def test_cuts_in_a_whole_answer(kind: str) -> None:
    """Half of the bytes that the head promised."""
    answer, call = struck(kind, stream=False)
    promised = int(answer.head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
    assert len(answer.body) == promised // 2
    assert call.billed_output == (6 if kind == "truncated_body" else 3)


def test_hang_before_headers() -> None:
    """Nothing at all; the client's leaving is seen."""
    answer, call = struck("hang_before_headers")
    assert (answer.raw, answer.ended) == (b"", "silent")
    assert (call.ended, call.billed_output) == ("left", 6)


def test_heartbeat() -> None:
    """Comments without end."""
    fault = {"kind": "heartbeat", "after_chunks": 1, "every_s": 0.01}
    answer, call = struck(fault, total_s=0.2)
    assert answer.text == "one"
    assert answer.body.count(b": keep-alive\n\n") > 3
    assert call.ended == "left"


def test_garbage_json() -> None:
    """One event of a stream; all of a whole answer."""
    answer, call = struck("garbage_json")
    broken = [event for event in answer.events if isinstance(event, str)]
    assert broken == ['{"id": "x", "choices": [{"delta": {"con', "[DONE]"]
    assert (answer.text, call.billed_output) == (TEXT, 6)
    whole, _ = struck("garbage_json", stream=False)
    with pytest.raises(ValueError):
        _ = whole.json


def test_html_page() -> None:
    """A page with status 200 that costs nothing."""
    answer, call = struck("html_page")
    assert answer.status == 200
    assert b"Content-Type: text/html" in answer.head
    assert answer.body.startswith(b"<!DOCTYPE html>")
    assert (call.ended, call.billed_output) == ("refused", 0)


def test_error_event() -> None:
    """Text, then an error, then a proper end."""
    fault = {"kind": "error_event", "after_chunks": 2, "status": 503, "message": "too much"}
    answer, call = struck(fault)
    assert answer.text == "one two"
    assert answer.events[-1]["error"]["message"] == "too much"
    assert answer.raw.endswith(b"0\r\n\r\n")
    assert (call.ended, call.billed_output) == ("broken", 2)
    whole, call = struck(fault, stream=False)
    assert (whole.status, whole.json["error"]["message"]) == (200, "too much")


def test_slow_drip() -> None:
    """Every byte of the body alone, the answer whole."""
    answer, call = struck({"kind": "slow_drip", "every_s": 0.0}, answer="a ü")
    assert answer.text == "a ü"
    assert answer.raw.partition(b"\r\n\r\n")[2].count(b"1\r\n") >= len(answer.body)
    assert (call.sent_tokens, call.finished) == (2, True)


@pytest.mark.parametrize("stream", [True, False])
def test_split_unicode(stream: bool) -> None:
    """A read ends within a character of four bytes."""
    answer, _ = struck("split_unicode", stream=stream, answer="see 🌍 there")
    # In a stream the frame of the HTTP chunk ends the read.
    assert any(read.removesuffix(b"\r\n").endswith(b"\xf0") for read in answer.reads)
    text = answer.text if stream else answer.json["choices"][0]["message"]["content"]
    assert text == "see 🌍 there"


@pytest.mark.parametrize(
    "kind", ["sse_comments", "crlf_lines", "joined_events", "duplicated_final"]
)
def test_framing_changes_no_text(kind: str) -> None:
    """The answer is as it was, its usage too."""
    answer, call = struck(kind)
    assert answer.text == TEXT
    usage = [e["usage"] for e in answer.events if isinstance(e, dict) and e.get("usage")]
    assert [u["completion_tokens"] for u in usage] == [6]
    assert (call.sent_tokens, call.finished) == (6, True)


def test_comments_and_line_ends() -> None:
    """A comment before each event; no line without CR."""
    comments = struck("sse_comments")[0].body
    assert comments.count(b": keep-alive\n\ndata: ") == comments.count(b"data: ")
    lines = struck("crlf_lines")[0].body
    assert lines.count(b"\n") == lines.count(b"\r\n") == 20


def test_joined_events() -> None:
    """Ten events come as three HTTP chunks."""
    answer, _ = struck({"kind": "joined_events", "events": 4})
    body = answer.raw.partition(b"\r\n\r\n")[2]
    sizes = []
    while body:
        size, _, body = body.partition(b"\r\n")
        sizes.append(body[: int(size, 16)].count(b"data: "))
        body = body[int(size, 16) + 2 :]
    assert sizes == [4, 4, 2, 0]


def test_the_end_of_a_stream() -> None:
    """Twice, or not at all."""
    ends = [e for e in struck("duplicated_final")[0].events if isinstance(e, dict) and e["choices"]]
    assert [e["choices"][0]["finish_reason"] for e in ends[-2:]] == ["stop", "stop"]
    answer, call = struck("missing_done")
    assert b"[DONE]" not in answer.body
    assert call.finished


@pytest.mark.parametrize(
    ("usage", "reported"), [("zero", (0, 0)), ("negative", (-1, -1)), ("doubled", (6, 12))]
)
def test_wrong_usage(usage: str, reported: tuple[int, int]) -> None:
    """The report is wrong, the bill is right."""
    answer, call = struck({"kind": "wrong_usage", "usage": usage}, stream=False)
    told = answer.json["usage"]
    assert (told["prompt_tokens"], told["completion_tokens"]) == reported
    assert (call.billed_input, call.billed_output) == (3, 6)


@pytest.mark.parametrize("fault", ["missing_usage", {"kind": "wrong_usage", "usage": "missing"}])
def test_missing_usage(fault: Any) -> None:
    """In no place at all."""
    assert "usage" not in struck(fault, stream=False)[0].json
    assert not [e for e in struck(fault)[0].events if isinstance(e, dict) and e.get("usage")]


def test_other_model_and_ignored_limit() -> None:
    """Another name; more words than asked for, and charged."""
    other = struck({"kind": "other_model", "answers_as": "b"}, stream=False)[0]
    assert other.json["model"] == "b"
    program = {"models": {"m": {"answer": {"text": TEXT}}}}
    kept, _ = heard(program, {"max_tokens": 2})
    assert kept.json["choices"][0]["finish_reason"] == "length"
    assert kept.json["choices"][0]["message"]["content"] == "one two"
    ignored, call = heard(program | {"faults": ["ignored_max_tokens"]}, {"max_tokens": 2})
    assert ignored.json["choices"][0]["message"]["content"] == TEXT
    assert call.billed_output == 6


def test_a_fault_may_say_what_it_costs() -> None:
    """`bill` goes before what is usual."""
    fault = {"kind": "reset_before_headers", "bill": "none"}
    call = struck(fault)[1]
    assert (call.billed_input, call.billed_output) == (0, 0)
    call = struck(fault | {"bill": "input"})[1]
    assert (call.billed_input, call.billed_output) == (3, 0)


def test_only_some_calls_are_struck() -> None:
    """By model, by whether they stream, by their number."""
    faults = [
        {"kind": "status_500", "model": "b"},
        {"kind": "status_502", "only": "stream"},
        {"kind": "status_503", "only": "whole", "when": "every 2"},
    ]

    async def run() -> list[int]:
        async with FakeServer({"faults": faults}) as server:
            asked: list[dict[str, Any]] = [{"model": "b"}, {"stream": True}, {}, {}]
            return [(await ask(server, body)).status for body in asked]

    assert asyncio.run(run()) == [500, 502, 503, 200]


def test_connection_refused() -> None:
    """After two calls the port is closed, and a moment later open again."""

    async def run() -> None:
        fault = {"kind": "connection_refused", "after_calls": 2, "for_s": 0.1}
        async with FakeServer({"faults": [fault]}) as server:
            port = server.port
            assert [(await ask(server)).status for _ in range(2)] == [200, 200]
            await asyncio.sleep(0.02)
            with pytest.raises(ConnectionRefusedError):
                await ask(server)
            await asyncio.sleep(0.12)
            assert (await ask(server)).status == 200
            assert server.port == port
        assert server.ledger.total.calls == 3

    asyncio.run(run())


def test_connection_refused_from_the_start() -> None:
    """The port is known, and nobody listens; `when` has no meaning there."""

    async def run() -> None:
        async with FakeServer({"faults": ["connection_refused"]}) as server:
            with pytest.raises(ConnectionRefusedError):
                await ask(server)

    asyncio.run(run())
    with pytest.raises(ConfigError, match="does not see the calls"):
        ConnectionRefused(when="first 2")
