"""OpenRouter: comments while it waits, its provider named, costs, errors inside chunks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gairp.backends.fake.http import Received
from gairp.backends.fake.piece import Piece, Reply
from gairp.backends.fake.quirks.plain import Headers, Quirks
from gairp.backends.fake.wire.completion import Completion
from gairp.backends.fake.wire.sse import event

_COMMENT = b": OPENROUTER PROCESSING\n\n"
_USD_PER_TOKEN = 1e-6


class OpenRouter(Quirks):
    """As openrouter.ai/api; models are called vendor/model."""

    name = "openrouter"
    needs_key = True

    def prefix(self, models: object) -> str:
        """Below /api."""
        return "/api/v1"

    def check(self, received: Received, body: Mapping[str, Any]) -> Reply | None:
        """A model needs its vendor's name before it."""
        model = str(body.get("model", ""))
        return None if "/" in model else self.unknown_model(model)

    def no_key(self) -> Reply:
        """Its own words."""
        return self.error(401, message="No auth credentials found")

    def unknown_model(self, name: str) -> Reply:
        """A bad request, not a 404."""
        return self.error(400, message=f"{name} is not a valid model ID")

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """The code is the status; there is no type."""
        return {"error": {"message": message, "code": status}, "user_id": "user_fake"}

    def headers(self, completion: Completion) -> Headers:
        """The generation can be looked up by its id."""
        return (("X-Generation-Id", f"gen-{completion.id}"),)

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The provider, and what it cost."""
        return _with_cost(body | {"provider": "Fake"}, completion)

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The provider, and in the last chunk what it cost."""
        choices = [
            choice | {"native_finish_reason": choice["finish_reason"]}
            for choice in chunk["choices"]
        ]
        return _with_cost(chunk | {"provider": "Fake", "choices": choices}, completion)

    def events(self, pieces: Iterator[Piece], completion: Completion) -> Iterator[Piece]:
        """Comments come before the first event."""
        yield Piece(data=_COMMENT)
        yield Piece(data=_COMMENT)
        yield from pieces

    def usage_unasked(self) -> bool:
        """Usage comes with every stream."""
        return True

    def stream_error(self, completion: Completion, status: int, message: str | None) -> bytes:
        """A chunk with an error beside its choices."""
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        chunk = {
            "id": f"gen-{completion.id}",
            "object": "chat.completion.chunk",
            "model": completion.model,
            "provider": "Fake",
            "error": {"code": status, "message": message or "Provider disconnected unexpectedly"},
            "choices": [choice],
        }
        return event(chunk)


def _with_cost(body: dict[str, Any], completion: Completion) -> dict[str, Any]:
    if not body.get("usage") or completion.usage is None:
        return body
    cost = sum(completion.usage) * _USD_PER_TOKEN
    return body | {"usage": body["usage"] | {"cost": cost, "is_byok": False}}
