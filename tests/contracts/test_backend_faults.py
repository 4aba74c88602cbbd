"""What every backend makes of what goes wrong: the right kind, what had arrived, and no secret."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gairp.backends.fake.faults import KINDS
from gairp.types import Request, Response
from tests.contracts.backend_cases import CASES, Case
from tests.contracts.backend_world import TEXT, WORDS, World, failure, in_world, struck

every_case = pytest.mark.parametrize("backend_case", CASES, ids=str)
IMPATIENT = {"timeout_s": 0.6, "first_token_timeout_s": 0.4, "idle_timeout_s": 0.4}

STATUSES = {
    400: ("bad_request", False), 401: ("auth", False), 403: ("forbidden", False),
    404: ("not_found", False), 408: ("timeout", True), 409: ("conflict", True),
    413: ("bad_request", False), 429: ("rate_limit", True), 500: ("server", True),
    502: ("server", True), 503: ("server", True), 529: ("server", True),
}  # fmt: skip


@every_case
@pytest.mark.parametrize("status", STATUSES)
def test_statuses(backend_case: Case, status: int) -> None:
    """The right kind, worth a retry or not; nothing was billed, and that is known."""
    response, (call,) = struck(backend_case, f"status_{status}")
    error = failure(response)
    assert (error.kind, error.retryable) == STATUSES[status]
    assert (error.status, error.started, error.billing_unknown) == (status, False, False)
    assert f"HTTP {status}" in error.message
    assert response.content == ""
    assert call.billed_input + call.billed_output == 0


@every_case
@pytest.mark.parametrize("form", ["seconds", "ms", "date"])
def test_retry_after(backend_case: Case, form: str) -> None:
    """In every form that servers say it in."""
    fault = {"kind": "status_429", "retry_after_s": 7, "retry_after_form": form}
    error = failure(struck(backend_case, fault)[0])
    assert error.retry_after_s == pytest.approx(7, abs=1.5 if form == "date" else 0)


@every_case
def test_no_key_in_a_message(backend_case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the server repeats it whole."""
    key = "very-secret-0123456789"
    monkeypatch.setenv("CONTRACT_KEY", key)

    async def work(world: World) -> tuple[Response, str]:
        return await world.ask(), repr(world.backend)

    response, shown = in_world(
        backend_case, work, settings={"api_key_env": "CONTRACT_KEY"}, faults=["key_in_error"]
    )
    assert failure(response).kind == "auth"
    assert key not in str(response)
    assert key not in repr(response)
    assert key not in shown


@every_case
@pytest.mark.parametrize("kind", ["reset_before_headers", "reset_after_headers"])
def test_resets_before_an_answer(backend_case: Case, kind: str) -> None:
    """Nothing had arrived; the server may charge, and does, so the bill is unknown."""
    response, (call,) = struck(backend_case, kind)
    error = failure(response)
    assert (error.kind, error.retryable) == ("connection", True)
    assert (error.started, error.billing_unknown) == (False, True)
    assert call.billed_output == len(WORDS)


@every_case
@pytest.mark.parametrize("kind", ["reset_midstream", "close_midstream"])
def test_cuts_in_the_middle(backend_case: Case, kind: str) -> None:
    """What had arrived is kept, and counted."""
    response, _ = struck(backend_case, {"kind": kind, "after_chunks": 3})
    error = failure(response)
    assert (error.kind, error.billing_unknown) == ("connection", True)
    if backend_case.streams:
        assert (response.content, error.started) == ("The lamp by", True)
        assert response.usage.output_tokens == 3
    else:
        assert (response.content, error.started) == ("", False)
    assert response.usage.source == "partial"


@every_case
def test_an_end_without_a_reason(backend_case: Case) -> None:
    """Is no end: the answer is known to be truncated."""
    response, _ = struck(backend_case, {"kind": "end_midstream", "after_chunks": 3})
    error = failure(response)
    assert error.kind == ("truncated" if backend_case.streams else "connection")
    assert error.retryable


@every_case
@pytest.mark.parametrize("kind", ["hang_before_headers", "hang_midstream", "heartbeat"])
def test_silence(backend_case: Case, kind: str) -> None:
    """Is given up in time, before the first byte, after it, and behind a wall of comments."""
    began = time.perf_counter()
    response, (call,) = struck(backend_case, kind, settings=IMPATIENT)
    error = failure(response)
    assert (error.kind, error.retryable, error.billing_unknown) == ("timeout", True, True)
    assert response.latency_s >= (0.4 if backend_case.streams else 0.6) - 0.01
    assert time.perf_counter() - began < 20.0
    assert call.ended == "left"
    assert (response.content == "The") == (kind == "hang_midstream" and backend_case.streams)


@every_case
def test_an_answer_that_takes_too_long(backend_case: Case) -> None:
    """Though something comes all the time."""
    spec = {"per_token_s": 0.1}
    response, _ = struck(backend_case, {"kind": "status_500", "when": "never"}, spec=spec,
                         settings=IMPATIENT)  # fmt: skip
    assert failure(response).kind == "timeout"
    assert 0.6 - 0.01 <= response.latency_s < 20.0
    assert TEXT.startswith(response.content)


@every_case
@pytest.mark.parametrize("kind", ["garbage_json", "html_page"])
def test_what_is_no_json(backend_case: Case, kind: str) -> None:
    """Is malformed, and perhaps billed."""
    error = failure(struck(backend_case, kind)[0])
    assert (error.kind, error.retryable, error.billing_unknown) == ("malformed", True, True)


@every_case
def test_an_error_inside_the_answer(backend_case: Case) -> None:
    """Is a failure of the server, whatever the status said."""
    fault = {"kind": "error_event", "after_chunks": 3, "message": "the lamp went out"}
    response, _ = struck(backend_case, fault)
    error = failure(response)
    assert (error.kind, error.billing_unknown) == ("server", True)
    assert "the lamp went out" in error.message
    assert response.content == ("The lamp by" if backend_case.streams else "")


HARMLESS: tuple[Any, ...] = (
    {"kind": "slow_drip", "every_s": 0.0}, "split_unicode", "sse_comments", "crlf_lines",
    "joined_events", "duplicated_final", "missing_done", "missing_usage", "wrong_usage",
)  # fmt: skip


@every_case
@pytest.mark.parametrize("fault", HARMLESS, ids=lambda f: f if isinstance(f, str) else f["kind"])
def test_what_must_not_matter(backend_case: Case, fault: Any) -> None:
    """The whole answer comes, and its tokens are counted where the server does not say them."""
    text = "Wer hat die Lampe 🪔 am Fluß angezündet?"
    response, _ = struck(backend_case, fault, spec={"answer": {"text": text}})
    assert (response.error, response.content, response.finish_reason) == (None, text, "stop")
    told = fault not in ("missing_usage", "wrong_usage")
    assert response.usage.source == ("reported" if told else "recounted")
    # A word is a token to the server; by our own count German takes more of them.
    assert 8 <= response.usage.output_tokens <= 24


@every_case
def test_a_limit_that_is_ignored(backend_case: Case) -> None:
    """Is billed as it is reported: what came is what came."""
    request = Request(
        id="r1", messages=({"role": "user", "content": "Who?"},), params={"max_tokens": 2}
    )
    response, (call,) = struck(backend_case, "ignored_max_tokens", request=request)
    assert response.content == TEXT
    assert response.usage.output_tokens == call.billed_output == len(WORDS)


def test_every_fault_is_somewhere() -> None:
    """In this file, or in the contract of what goes well."""
    here = {
        "status", "key_in_error", "reset_before_headers", "reset_after_headers", "reset_midstream",
        "close_midstream", "end_midstream", "hang_before_headers", "hang_midstream", "heartbeat",
        "garbage_json", "html_page", "error_event", "ignored_max_tokens", "truncated_body",
        *(fault if isinstance(fault, str) else fault["kind"] for fault in HARMLESS),
    }  # fmt: skip
    elsewhere = {"context_overflow", "connection_refused", "other_model"}
    assert here | elsewhere == set(KINDS)


@every_case
def test_a_body_that_is_too_short(backend_case: Case) -> None:
    """Is a broken connection; a stream has said all before its end."""
    response, _ = struck(backend_case, "truncated_body")
    if backend_case.streams:
        assert (response.error, response.content) == (None, TEXT)
    else:
        assert failure(response).kind == "connection"
