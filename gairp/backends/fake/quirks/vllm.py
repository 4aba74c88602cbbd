"""vLLM: why it stopped in a field of its own, errors named after Python's classes."""

from __future__ import annotations

from typing import Any

from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.wire.completion import Completion

_TYPES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "ServiceUnavailableError",
}


class Vllm(Quirks):
    """As vLLM's own server."""

    name = "vllm"
    metrics = ("vllm",)

    def no_key(self) -> Reply:
        """One word."""
        return self.error(401, message="Unauthorized")

    def unknown_model(self, name: str) -> Reply:
        """Its own words."""
        return self.error(404, message=f"The model `{name}` does not exist.", param="model")

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """The code is the status; without a key the error is a text."""
        if status == 401:
            return {"error": message}
        kind = _TYPES.get(status, "InternalServerError")
        return {"error": {"message": message, "type": kind, "param": param, "code": status}}

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """What its engine says beside OpenAI's fields."""
        return _engine(body) | {"prompt_logprobs": None, "kv_transfer_params": None}

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The same in each choice."""
        return _engine(chunk)


def _engine(body: dict[str, Any]) -> dict[str, Any]:
    if "choices" not in body:
        return body
    choices = [choice | {"stop_reason": None} for choice in body["choices"]]
    return body | {"choices": choices}
