"""What conditions may speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gairp.gateway.exchange.request import GatewayRequest

#: name -> (CEL type, what it is)
FACTS: Mapping[str, tuple[str, str]] = {
    "tenant": ("STRING", "the key's tenant"),
    "project": ("STRING", "the key's project"),
    "key": ("STRING", "the key's id"),
    "model": ("STRING", "what the client asks for"),
    "operation": ("STRING", "chat, completion, embedding or response"),
    "tokens": ("INT", "of the prompt, estimated: four bytes each"),
    "max_tokens": ("INT", "as the client says; 0 where it does not"),
    "stream": ("BOOL", "the client wants a stream"),
    "tools": ("INT", "how many tools there are"),
    "needs": ("LIST", "among tools, vision, audio, json_schema"),
    "session": ("STRING", "header x-gairp-session, or metadata.session"),
    "user": ("STRING", "the body's field user"),
    "tags": ("MAP", "metadata of the body: texts by name"),
    "headers": ("MAP", "of the request, names in lower case; no credentials"),
    "hour": ("INT", "of the day in UTC, 0 to 23"),
    "weekday": ("INT", "1 is Monday, 7 is Sunday"),
}
_SECRET = frozenset({b"authorization", b"cookie", b"x-api-key", b"api-key", b"proxy-authorization"})
_BYTES_A_TOKEN = 4
#: Facts of few values, or short ones, and where each stands in a request: what a book of rules
#: makes of them may be remembered.
PLACES: Mapping[str, str] = {
    "tenant": "principal.tenant",
    "project": "principal.project",
    "key": "principal.key_id",
    "operation": "operation",
    "tokens": "peek.size",
    "max_tokens": "peek.max_tokens",
    "stream": "peek.stream",
    "tools": "peek.tools",
}
#: What a condition makes of these may be remembered.
FEW = frozenset({*PLACES, "hour", "weekday"})


class RequestFacts(dict[str, Any]):
    """The facts of one request, each made when it is first read: most rules read few of them."""

    __slots__ = ("_headers", "_now", "_request")

    def __init__(
        self,
        request: GatewayRequest,
        headers: Mapping[bytes, bytes],
        now: datetime | None = None,
    ) -> None:
        self._request, self._headers, self._now = request, headers, now

    def __missing__(self, name: str) -> Any:
        value = self[name] = _MAKERS[name](self._request, self)
        return value

    def moment(self) -> datetime:
        """The time, the same for all that ask for it."""
        if self._now is None:
            self._now = datetime.now(UTC)
        return self._now

    def sent(self) -> dict[str, str]:
        """The headers as texts, without credentials."""
        return {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in self._headers.items()
            if name not in _SECRET
        }


_MAKERS: Mapping[str, Callable[[GatewayRequest, RequestFacts], Any]] = {
    "tenant": lambda request, _: request.principal.tenant,
    "project": lambda request, _: request.principal.project,
    "key": lambda request, _: request.principal.key_id,
    "model": lambda request, _: request.peek.model,
    "operation": lambda request, _: request.operation,
    "tokens": lambda request, _: request.peek.size // _BYTES_A_TOKEN,
    "max_tokens": lambda request, _: request.peek.max_tokens or 0,
    "stream": lambda request, _: request.peek.stream,
    "tools": lambda request, _: request.peek.tools,
    "needs": lambda request, _: list(request.peek.needs),
    "session": lambda request, _: request.session or "",
    "user": lambda request, _: request.peek.user or "",
    "tags": lambda request, _: request.peek.tags,
    "headers": lambda _, facts: facts.sent(),
    "hour": lambda _, facts: facts.moment().hour,
    "weekday": lambda _, facts: facts.moment().isoweekday(),
}
