"""The body that an arm is sent: the client's own, but for what must be set.

Fields that are not touched keep their very bytes, so that what nobody here knows passes as it came.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.backends.openai.compose import LIMITS, compose
from gairp.gateway.exchange.peek import Peek
from gairp.types import Arm, Operation, Request

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODE = msgspec.json.Encoder().encode
_USAGE = msgspec.Raw(b'{"include_usage":true}')
_TALK = ("system", "shots", "ask")
#: Where a limit of length goes by default; embeddings have none.
_LIMIT_FIELD: Mapping[Operation, str] = {
    "chat": "max_tokens",
    "completion": "max_tokens",
    "response": "max_output_tokens",
}


class Splicer:
    """Makes bodies for one arm."""

    def __init__(
        self, arm: Arm, *, max_tokens_field: str = "max_tokens", default_max_tokens: int = 1024
    ) -> None:
        """`default_max_tokens` is sent where neither the client nor the recipe says: without a
        limit nobody can say what a call may cost.
        """
        self.arm, self._field = arm, max_tokens_field
        params = dict(arm.recipe.get("params") or {})
        self.limit = int(next((params[n] for n in LIMITS if params.get(n)), default_max_tokens))
        self._params = {
            key: msgspec.Raw(_ENCODE(value)) for key, value in params.items() if key not in LIMITS
        }
        self._model = msgspec.Raw(_ENCODE(arm.model))
        self._talks = any(arm.recipe.get(key) for key in _TALK)

    def max_tokens(self, peek: Peek) -> int:
        """The limit of length that will be sent."""
        return self.limit if peek.max_tokens is None else peek.max_tokens

    def body(self, operation: Operation, peek: Peek, raw: bytes) -> bytes:
        """The client's own bytes where nothing needs to change."""
        fields = _FIELDS.decode(raw)
        fields["model"] = self._model
        for key, value in self._params.items():
            fields.setdefault(key, value)
        if peek.max_tokens is None and operation in _LIMIT_FIELD:
            field = self._field if operation == "chat" else _LIMIT_FIELD[operation]
            fields[field] = msgspec.Raw(b"%d" % self.limit)
        if peek.stream and not peek.include_usage and operation in ("chat", "completion"):
            fields["stream_options"] = self._with_usage(fields.get("stream_options"))
        if self._talks and operation == "chat":
            fields["messages"] = self._conversation(fields["messages"])
        return _ENCODE(fields)

    def _with_usage(self, options: msgspec.Raw | None) -> msgspec.Raw:
        """Usage is asked for always: what a stream cost is known then."""
        if options is None or bytes(options) == b"null":
            return _USAGE
        return msgspec.Raw(_ENCODE({**json.loads(bytes(options)), "include_usage": True}))

    def _conversation(self, messages: msgspec.Raw) -> msgspec.Raw:
        said: Any = json.loads(bytes(messages))
        request = Request(id="", messages=tuple(said))
        return msgspec.Raw(_ENCODE(compose(request, self.arm)["messages"]))
