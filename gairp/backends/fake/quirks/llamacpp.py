"""llama.cpp: timings with the answer, errors with the size of the context."""

from __future__ import annotations

from typing import Any

import msgspec

from gairp.backends.fake.http import whole
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.wire.completion import Completion

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    501: "not_supported_error",
    503: "unavailable_error",
}


class LlamaCpp(Quirks):
    """As llama-server with one model, which answers to any name."""

    name = "llamacpp"
    any_model = True
    metrics = ("llamacpp",)

    def no_key(self) -> Reply:
        """Its own words."""
        return self.error(401, message="Invalid API Key")

    def overflow(self, limit: int, prompt: int, answer: int) -> Reply:
        """With both sizes."""
        text = (
            f"request ({prompt} tokens) exceeds the available context size ({limit} tokens), "
            "try increasing it"
        )
        told = {"code": 400, "message": text, "type": "exceed_context_size_error"}
        body = {"error": told | {"n_prompt_tokens": prompt, "n_ctx": limit}}
        return whole(400, msgspec.json.encode(body))

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """The code is the status."""
        kind = _TYPES.get(status, "server_error")
        return {"error": {"code": status, "message": message, "type": kind}}

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """How long the prompt and the answer took."""
        return body | {"timings": _timings(completion)}

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The same in the last chunk."""
        ended = any(choice["finish_reason"] for choice in chunk["choices"])
        return chunk | {"timings": _timings(completion)} if ended else chunk


def _timings(completion: Completion) -> dict[str, Any]:
    """Of a machine that reads 1,000 and writes 100 tokens a second."""
    prompt, answer = completion.input_tokens, completion.output_tokens
    return {
        "cache_n": completion.cached_tokens,
        "prompt_n": prompt - completion.cached_tokens,
        "prompt_ms": 1.0 * prompt,
        "prompt_per_second": 1000.0,
        "predicted_n": answer,
        "predicted_ms": 10.0 * answer,
        "predicted_per_second": 100.0,
    }
