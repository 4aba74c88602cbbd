"""What HttpBackend adds to the contract that every backend keeps."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

import pytest

from gairp.backends.http import HttpBackend
from gairp.errors import ConfigError
from gairp.types import Arm, Request, Response
from tests.backends.http.scripted import CLOSE, Seen, Step, run, scripted

ARM = Arm(name="small", model="asked-for")
REQUEST = Request(id="r1", messages=({"role": "user", "content": "How many are two and two?"},))
BODY = json.dumps(
    {
        "model": "served-1",
        "choices": [{"message": {"content": "Four."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2},
    }
).encode()


def answer(body: bytes = BODY, *headers: str, status: int = 200) -> bytes:
    top = [f"HTTP/1.1 {status} X", "Content-Type: application/json", *headers]
    return "\r\n".join([*top, f"Content-Length: {len(body)}\r\n\r\n"]).encode() + body


def told(*steps: Step, request: Request = REQUEST, **settings: Any) -> tuple[Response, Seen]:
    """What one call of a server that answers so comes to."""

    async def main() -> tuple[Response, Seen]:
        async with scripted(steps) as seen:
            backend = HttpBackend(base_url=f"{seen.url}/v1", stream=False, **settings)
            try:
                return await backend.complete(request, ARM), seen
            finally:
                await backend.aclose()

    return run(main())


def test_a_call_is_one_request_with_key_query_and_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "very-secret")
    response, seen = told(
        answer(),
        api_key_env="A_KEY",
        headers={"X-Team": "blue", "accept": "*/*"},
        query={"api-version": "2024-10-21", "b": "c d"},
    )
    assert (response.content, response.usage.output_tokens) == ("Four.", 2)
    head, _, body = seen.requests[0].partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "POST /v1/chat/completions?api-version=2024-10-21&b=c+d HTTP/1.1",
        f"Host: 127.0.0.1:{seen.port}",
        "Accept-Encoding: identity",
        "Content-Type: application/json",
        "Authorization: Bearer very-secret",
        "X-Team: blue",
        "accept: */*",
        "X-Client-Request-Id: r1",
        f"Content-Length: {len(body)}",
    ]
    assert json.loads(body) == {
        "model": "asked-for",
        "messages": [{"role": "user", "content": "How many are two and two?"}],
        "max_tokens": 1024,
    }


def test_a_key_goes_bare_into_a_header_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "very-secret")
    _, seen = told(answer(), api_key_env="A_KEY", auth_header="api-key")
    head = seen.requests[0].lower()
    assert b"\r\napi-key: very-secret\r\n" in head
    assert b"authorization" not in head
    assert b"authorization" not in told(answer())[1].requests[0].lower()


@pytest.mark.parametrize(("coding", "bits"), [("gzip", 31), ("deflate", 15), ("X-GZIP", 31)])
def test_a_body_that_is_compressed_unasked_is_read(coding: str, bits: int) -> None:
    packer = zlib.compressobj(wbits=bits)
    packed = packer.compress(BODY) + packer.flush()
    assert told(answer(packed, f"Content-Encoding: {coding}"))[0].content == "Four."


@pytest.mark.parametrize(
    ("coding", "message"), [("br", "compressed by 'br'"), ("gzip", "not compressed as its head")]
)
def test_a_body_that_cannot_be_read_is_malformed(coding: str, message: str) -> None:
    error = told(answer(BODY, f"Content-Encoding: {coding}"))[0].error
    assert error is not None
    assert (error.kind, error.billing_unknown) == ("malformed", True)
    assert message in error.message


def test_a_redirect_is_not_followed_but_told() -> None:
    response, seen = told(answer(b"", "Location: http://127.0.0.1:1/v2", status=307))
    assert response.error is not None
    assert (response.error.kind, response.error.status) == ("bad_request", 307)
    assert "set base_url to http://127.0.0.1:1/v2" in response.error.message
    assert len(seen.requests) == 1


def test_an_error_whose_body_breaks_off_is_still_that_error() -> None:
    whole = answer(b'{"error": {"message": "too many"}}', "Retry-After: 3", status=429)
    error = told(whole[:-10], CLOSE)[0].error
    assert error is not None
    assert (error.kind, error.status, error.retry_after_s) == ("rate_limit", 429, 3.0)
    assert error.billing_unknown is False


def test_a_key_that_is_no_header_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "two\nlines")
    with pytest.raises(ConfigError, match="holds a line break") as caught:
        HttpBackend(base_url="http://host/v1", api_key_env="A_KEY")
    assert "two" not in str(caught.value)


def test_a_body_that_is_no_json_is_a_bad_request_and_nothing_is_sent() -> None:
    request = Request(id="r1", messages=REQUEST.messages, params={"x": object()})
    response, seen = told(answer(), request=request)
    assert response.error is not None
    assert (response.error.kind, response.error.billing_unknown) == ("bad_request", False)
    assert seen.requests == []


def test_a_connection_that_is_never_made_costs_nothing_and_ends_in_time() -> None:
    async def main() -> Response:
        backend = HttpBackend(base_url="http://127.0.0.1:1/v1", timeout_s=1.0)
        return await asyncio.wait_for(backend.complete(REQUEST, ARM), 2)

    error = run(main()).error
    assert error is not None
    assert (error.kind, error.billing_unknown, error.started) == ("connection", False, False)
    assert "is the server up" in error.message


def test_it_has_an_http_client_of_its_own() -> None:
    with pytest.raises(ConfigError, match="http_client belongs to OpenAIBackend"):
        HttpBackend(base_url="http://host/v1", http_client=object())
