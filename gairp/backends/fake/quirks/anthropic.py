"""Anthropic behind OpenAI's format: what it does not know it ignores."""

from __future__ import annotations

from typing import Any

from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.plain import Headers, Quirks
from gairp.backends.fake.wire.completion import Completion

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class Anthropic(Quirks):
    """As api.anthropic.com."""

    name = "anthropic"
    needs_key = True

    def no_key(self) -> Reply:
        """Its own words."""
        return self.error(401, message="invalid x-api-key")

    def overflow(self, limit: int, prompt: int, answer: int) -> Reply:
        """Its own words."""
        return self.error(400, message=f"prompt is too long: {prompt} tokens > {limit} maximum")

    def unknown_model(self, name: str) -> Reply:
        """Only the name."""
        return self.error(404, message=f"model: {name}")

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """Its own types; the code is the type once more."""
        kind = _TYPES.get(status, "api_error")
        return {"error": {"code": kind, "message": message, "type": kind, "param": None}}

    def headers(self, completion: Completion) -> Headers:
        """Its own name for the id."""
        return (("request-id", f"req_{completion.id}"),)

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """Details of the usage are left out, and there is no fingerprint."""
        return _bare(body)

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The same."""
        return _bare(chunk)


def _bare(body: dict[str, Any]) -> dict[str, Any]:
    body = {key: value for key, value in body.items() if key != "system_fingerprint"}
    if body.get("usage"):
        body["usage"] = {k: v for k, v in body["usage"].items() if not k.endswith("_details")}
    return body
