"""The manners of a vendor: its keys, its errors, its additions to the format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gairp.backends.fake.http import Received, whole
from gairp.backends.fake.piece import Reply

#: Status -> type, code and words of an error.
_ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "unsupported_country", "Country or region not supported."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist."),
    408: ("timeout", None, "The request timed out."),
    409: ("conflict", None, "The resource is locked by another request."),
    413: ("invalid_request_error", None, "The request is too large."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    500: ("server_error", None, "The server had an error while processing your request."),
    502: ("server_error", None, "Bad gateway."),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
    529: ("overloaded_error", None, "Overloaded"),
}  # fmt: skip


class Quirks:
    """OpenAI's own."""

    name = "openai"
    prefix = "/v1"

    def key(self, received: Received) -> str | None:
        """The key that came with a request."""
        scheme, _, key = received.headers.get("authorization", "").partition(" ")
        return key if scheme.lower() == "bearer" and key else None

    def error(
        self,
        status: int,
        *,
        message: str | None = None,
        code: str | None = None,
        param: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Reply:
        """A refusal with its body."""
        kind, usual_code, words = _ERRORS.get(status, ("server_error", None, "Error."))
        body = self.error_body(status, kind, code or usual_code, message or words, param)
        return whole(status, msgspec.json.encode(body), headers=headers)

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """The JSON of an error."""
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def overflow(self, limit: int, *, asked: int) -> Reply:
        """The prompt does not fit the model."""
        return self.error(
            400,
            message=f"This model's maximum context length is {limit} tokens. However, your "
            f"messages resulted in {asked} tokens. Please reduce the length of the messages.",
            code="context_length_exceeded",
            param="messages",
        )


def quirks(name: str) -> Quirks:
    """The manners of that name."""
    return Quirks()
