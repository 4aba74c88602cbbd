"""Azure: deployments in the path, an api-version, an api-key header, and filters in each chunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gairp.backends.fake.http import Received
from gairp.backends.fake.piece import Piece, Reply
from gairp.backends.fake.quirks.plain import Quirks
from gairp.backends.fake.wire.completion import Completion
from gairp.backends.fake.wire.sse import event

_DEPLOYMENTS = "/deployments/"
_SAFE: dict[str, Any] = {
    name: {"filtered": False, "severity": "safe"}
    for name in ("hate", "self_harm", "sexual", "violence")
}
_PROMPT = [{"prompt_index": 0, "content_filter_results": _SAFE}]
_NO_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)


class Azure(Quirks):
    """As RESOURCE.openai.azure.com; below `/openai/v1` no api-version is asked for."""

    name = "azure"
    needs_key = True

    def prefix(self, models: Sequence[str]) -> str:
        """The first model's deployment."""
        return f"/openai{_DEPLOYMENTS}{next((m for m in models if m != '*'), 'fake')}"

    def key(self, received: Received) -> str | None:
        """A header of its own, or a bearer token."""
        return received.headers.get("api-key") or super().key(received)

    def model(self, received: Received, body: Mapping[str, Any]) -> str:
        """The deployment of the path, whatever the body names."""
        _, found, after = received.path.partition(_DEPLOYMENTS)
        return after.partition("/")[0] if found else super().model(received, body)

    def check(self, received: Received, body: Mapping[str, Any]) -> Reply | None:
        """Without an api-version there is nothing at a deployment's path."""
        if _DEPLOYMENTS in received.path and "api-version" not in received.query:
            return self.error(404, message="Resource not found")
        return None

    def no_key(self) -> Reply:
        """The gateway's words."""
        return self.error(401, message=_NO_KEY)

    def error_body(
        self, status: int, kind: str, code: str | None, message: str, param: str | None
    ) -> Any:
        """The gateway's errors have a number for a code; the model's are OpenAI's."""
        if param is not None:
            return super().error_body(status, kind, code, message, param)
        return {"error": {"code": str(status), "message": message}}

    def whole(self, body: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """The verdicts of the content filters."""
        if "choices" not in body:
            return body
        choices = [choice | {"content_filter_results": _SAFE} for choice in body["choices"]]
        return body | {"choices": choices, "prompt_filter_results": _PROMPT}

    def chunk(self, chunk: dict[str, Any], completion: Completion) -> dict[str, Any]:
        """A verdict in each choice; empty where there is no text."""
        choices = [
            choice | {"content_filter_results": _SAFE if choice["delta"].get("content") else {}}
            for choice in chunk["choices"]
        ]
        return chunk | {"choices": choices}

    def events(self, pieces: Iterator[Piece], completion: Completion) -> Iterator[Piece]:
        """A chunk without choices comes first: the verdict on the prompt."""
        if completion.ask.operation == "chat":
            first = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
            yield Piece(data=event(first | {"prompt_filter_results": _PROMPT}))
        yield from pieces
