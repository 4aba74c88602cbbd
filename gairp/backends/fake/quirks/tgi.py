"""Text Generation Inference: one model whatever is asked, errors with an error_type."""

from __future__ import annotations

from typing import Any

from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.wire.completion import Completion

_TYPES = {400: "validation", 422: "validation", 429: "overloaded", 424: "generation"}


class Tgi(Quirks):
    """As a server of Hugging Face; requests usually name the model `tgi`."""

    name = "tgi"
    any_model = True

    def overflow(self, limit: int, prompt: int, answer: int) -> Reply:
        """A failed validation."""
        return self.error(
            422,
            message=f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= "
            f"{limit}. Given: {prompt} `inputs` tokens and {answer} `max_new_tokens`",
        )

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """A text with a type beside it."""
        if status == 429:
            message = "Model is overloaded"
        return {"error": message, "error_type": _TYPES.get(status, "generation")}

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """Its version for a fingerprint."""
        return body | {"system_fingerprint": "3.3.4-native"}

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The same; ids are empty."""
        return chunk | {"system_fingerprint": "3.3.4-native", "id": ""}
