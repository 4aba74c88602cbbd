"""Ollama: no key, prompts cut to fit, a fingerprint of its own."""

from __future__ import annotations

from typing import Any

from gairp.backends.fake.piece import Reply
from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.wire.completion import Completion


class Ollama(Quirks):
    """As a local Ollama; a prompt that is too long is cut, without a word."""

    name = "ollama"
    cuts_prompts = True

    def unknown_model(self, name: str) -> Reply:
        """It can be had."""
        return self.error(404, message=f'model "{name}" not found, try pulling it first')

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """One type for all, no code."""
        return {"error": {"message": message, "type": "api_error", "param": None, "code": None}}

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """Its fingerprint; usage has no details."""
        return _signed(body)

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The same."""
        return _signed(chunk)


def _signed(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("usage"):
        usage = {k: v for k, v in body["usage"].items() if not k.endswith("_details")}
        body = body | {"usage": usage}
    return body | {"system_fingerprint": "fp_ollama"}
