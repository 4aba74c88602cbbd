"""Every fault of the fake server, streamed and whole: told rightly, and billed as it says."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest

from gairp.backends.fake import FakeServer
from gairp.backends.fake.faults import KINDS
from gairp.backends.fake.ledger import Call
from gairp.backends.openai import OpenAIBackend
from gairp.types import Arm, Request, Response

TEXT = "Löwen fressen große Gazellen — über fünfzig im Jahr, sagt man, und trinken wenig dazu."
PATIENCE: dict[str, Any] = {"timeout_s": 5.0, "first_token_timeout_s": 0.5, "idle_timeout_s": 0.5}


class Told(NamedTuple):
    """What is to be heard of a fault: the kind of failure, or None where it must not matter."""

    stream: str | None
    whole: str | None
    fault: dict[str, Any] = {}  # noqa: RUF012


CASES = {
    "status": Told("server", "server", {"status": 503}),
    "context_overflow": Told("context_overflow", "context_overflow"),
    "key_in_error": Told("auth", "auth"),
    "connection_refused": Told("connection", "connection"),
    "reset_before_headers": Told("connection", "connection"),
    "reset_after_headers": Told("connection", "connection"),
    "reset_midstream": Told("connection", "connection"),
    "close_midstream": Told("connection", "connection"),
    "end_midstream": Told("truncated", "connection"),
    "hang_before_headers": Told("timeout", "timeout"),
    "hang_midstream": Told("timeout", "timeout"),
    "heartbeat": Told("timeout", "timeout", {"after_chunks": 2}),
    "garbage_json": Told("malformed", "malformed"),
    "html_page": Told("malformed", "malformed"),
    "truncated_body": Told(None, "connection"),
    "error_event": Told("server", "server"),
    "slow_drip": Told(None, None, {"every_s": 0.0}),
    "split_unicode": Told(None, None),
    "sse_comments": Told(None, None),
    "crlf_lines": Told(None, None),
    "joined_events": Told(None, None),
    "duplicated_final": Told(None, None),
    "missing_done": Told(None, None),
    "missing_usage": Told(None, None),
    "wrong_usage": Told(None, None),
    "other_model": Told(None, None),
    "ignored_max_tokens": Told(None, None),
}
WITHOUT_AN_END = {"hang_before_headers", "hang_midstream", "heartbeat"}


def asked(kind: str, *, stream: bool) -> tuple[Response, list[str], list[Call]]:
    """One call, what came of it, and the server's account."""
    fault = {"kind": kind, **CASES[kind].fault}
    program = {"models": {"m": {"answer": {"text": TEXT}}}, "faults": [fault]}
    patience: dict[str, Any] = (
        PATIENCE if stream else {"timeout_s": 0.5 if kind in WITHOUT_AN_END else 5.0}
    )

    async def run() -> tuple[Response, list[str], list[Call]]:
        async with FakeServer(program) as server:
            backend = OpenAIBackend(base_url=server.base_url, stream=stream, **patience)
            request = Request(id="r1", messages=({"role": "user", "content": "Was tun Löwen?"},))
            try:
                *chunks, last = [c async for c in backend.stream(request, Arm(name="a", model="m"))]
            finally:
                await backend.aclose()
        assert last.response is not None
        return last.response, [chunk.text for chunk in chunks], list(server.ledger.calls("r1"))

    return asyncio.run(run())


def test_every_fault_is_tried() -> None:
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_faults(kind: str, stream: bool) -> None:
    expected = CASES[kind].stream if stream else CASES[kind].whole
    response, texts, calls = asked(kind, stream=stream)
    error = response.error
    assert "".join(texts) == response.content
    assert TEXT.startswith(response.content)
    assert (error and error.kind) == expected
    if error is None:
        assert response.content == TEXT
        assert response.usage.output_tokens > 0
        return
    assert error.started == bool(response.content)
    assert error.billing_unknown == (bool(calls) and error.status is None)
    charged = sum(call.billed_input + call.billed_output for call in calls)
    assert error.billing_unknown or not charged
    assert response.usage.source == ("partial" if error.billing_unknown else "reported")


def test_the_model_that_answers_is_told() -> None:
    assert asked("other_model", stream=True)[0].model == "another-model"


@pytest.mark.parametrize("usage", ["zero", "negative", "missing"])
def test_absurd_usage_is_counted(usage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CASES, "wrong_usage", Told(None, None, {"usage": usage}))
    response, _, (call,) = asked("wrong_usage", stream=True)
    found = response.usage
    assert found.source == "recounted"
    # The server counts words; German has up to three of our tokens in one of them.
    assert call.billed_output < found.output_tokens < 3 * call.billed_output
    told = {"zero": 0.0, "negative": -1.0}.get(usage)
    assert told is None or (found.reported_input, found.reported_output) == (told, told)
