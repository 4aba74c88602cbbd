"""From the failure that was left at the end to what the client is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.calls import Kept
from gairp.types import Failure, FailureKind, Operation, Response

#: status, code. What is wrong between us and a server is no fault of the client's.
_TOLD: Mapping[FailureKind, tuple[int, str]] = {
    "connection": (502, "upstream_connection"),
    "timeout": (504, "timeout"),
    "rate_limit": (429, "rate_limit_exceeded"),
    "server": (502, "upstream_error"),
    "conflict": (409, "conflict"),
    "auth": (502, "upstream_auth"),
    "forbidden": (502, "upstream_forbidden"),
    "not_found": (502, "upstream_not_found"),
    "context_overflow": (400, "context_length_exceeded"),
    "bad_request": (400, "invalid_request"),
    "malformed": (502, "upstream_malformed"),
    "truncated": (502, "upstream_truncated"),
    "unavailable": (503, "unavailable"),
    "cancelled": (499, "cancelled"),
    "not_recorded": (503, "unavailable"),
}


class PassedError(ApiError):
    """The server's own error, in its own bytes: it is about what the client sent."""

    def __init__(self, kept: Kept, message: str) -> None:
        super().__init__(kept.status, message)
        self._body = kept.body

    def body(self) -> bytes:
        return self._body


def refusal(response: Response, kept: Kept | None, *, secrets: Callable[[str], str]) -> ApiError:
    """What a client is told of the last failure."""
    error = response.error
    assert error is not None
    if kept is not None and kept.status in (400, 413, 422) and _ours(kept.body):
        clean = secrets(kept.body.decode("utf-8", "replace")).encode()
        return PassedError(
            Kept(status=kept.status, headers=kept.headers, body=clean), error.message
        )
    status, code = _TOLD[error.kind]
    if error.kind == "unavailable" and error.status == 429:
        return ApiError(
            429, error.message, code="insufficient_quota", type="insufficient_quota", limit="budget"
        )
    return ApiError(status, error.message, code=code, retry_after_s=error.retry_after_s)


def broken_event(operation: Operation, error: Failure) -> bytes:
    """The last event of a stream that broke: an error, so that nobody takes it for an end."""
    status, code = _TOLD[error.kind]
    body = {"error": {"message": error.message, "type": "server_error", "code": code,
                      "param": None, "status": status}}  # fmt: skip
    if operation == "response":
        body = {"type": "error", "code": code, "message": error.message, "param": None}  # type: ignore[dict-item]
        return b"event: error\ndata: " + msgspec.json.encode(body) + b"\n\n"
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def _ours(body: bytes) -> bool:
    """Whether the body is an error as OpenAI's clients read it."""
    try:
        return isinstance(msgspec.json.decode(body).get("error"), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, AttributeError):
        return False
