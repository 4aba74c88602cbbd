"""Gemini behind OpenAI's format: errors in a list, unknown fields refused, usage unasked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gairp.backends.fake.http import Received
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.openai import KNOWN
from gairp.backends.fake.quirks.plain import Quirks

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_RETRY = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]
_REFUSED = frozenset({"stream_options", "logit_bias", "store", "metadata", "seed", "user"})


class Gemini(Quirks):
    """As generativelanguage.googleapis.com below /v1beta/openai."""

    name = "gemini"
    needs_key = True

    def prefix(self, models: object) -> str:
        """Its own."""
        return "/v1beta/openai"

    def check(self, received: Received, body: Mapping[str, Any]) -> Reply | None:
        """A field that it does not know is an invalid argument."""
        unknown = next((f for f in body if f not in KNOWN or f in _REFUSED), None)
        if unknown is None:
            return None
        text = f'Invalid JSON payload received. Unknown name "{unknown}": Cannot find field.'
        return self.error(400, message=text)

    def no_key(self) -> Reply:
        """An invalid argument too."""
        return self.error(400, message="API key not valid. Please pass a valid API key.")

    def unknown_model(self, name: str) -> Reply:
        """Its own words."""
        text = f"models/{name} is not found for API version v1main"
        return self.error(404, message=text)

    def overflow(self, limit: int, prompt: int, answer: int) -> Reply:
        """Its own words."""
        return self.error(
            400,
            message=f"The input token count ({prompt}) exceeds the maximum number of tokens "
            f"allowed ({limit}).",
        )

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """A list of one; when to come back is in the details."""
        told = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
        return [{"error": told | ({"details": _RETRY} if status == 429 else {})}]

    def usage_unasked(self) -> bool:
        """Streams end with it."""
        return True
