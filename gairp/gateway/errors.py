"""Errors as OpenAI's clients know them: status, type, code, message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gairp.errors import GairpError

_NO_HEADERS: Mapping[str, str] = {}
#: The `type` that OpenAI gives an error of this status.
_TYPES = {
    400: "invalid_request_error", 401: "invalid_request_error", 403: "invalid_request_error",
    404: "invalid_request_error", 413: "invalid_request_error", 422: "invalid_request_error",
    429: "requests", 402: "insufficient_quota",
}  # fmt: skip


class ApiError(GairpError):
    """A request is answered with this instead of an answer.

    `message` is read by the client: what was wrong, where, what to do; never a secret or content.
    `limit` is the tenant's that was hit: requests, tokens, concurrency or budget.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        retry_after_s: float | None = None,
        limit: str = "",
    ) -> None:
        self.limit = limit
        self.status, self.message, self.code, self.param = status, message, code, param
        self.type = type or _TYPES.get(
            status, "server_error" if status >= 500 else "invalid_request_error"
        )
        self.headers = dict(headers)
        if retry_after_s is not None:
            self.headers["retry-after"] = f"{max(0, -(-retry_after_s // 1)):.0f}"
        super().__init__(message)

    def body(self) -> bytes:
        """The JSON that OpenAI's clients parse."""
        return msgspec.json.encode(
            {
                "error": {
                    "message": self.message,
                    "type": self.type,
                    "param": self.param,
                    "code": self.code,
                }
            }
        )

    def raw_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The headers beside content type and length, as ASGI has them."""
        return [(k.encode("latin-1"), v.encode("latin-1")) for k, v in self.headers.items()]
