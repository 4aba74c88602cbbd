"""What conditions may speak of."""

from __future__ import annotations

from collections.abc import Mapping
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


def facts_of(
    request: GatewayRequest, headers: Mapping[bytes, bytes], now: datetime | None = None
) -> dict[str, Any]:
    """The facts of one request."""
    peek, principal = request.peek, request.principal
    moment = now or datetime.now(UTC)
    return {
        "tenant": principal.tenant,
        "project": principal.project,
        "key": principal.key_id,
        "model": peek.model,
        "operation": request.operation,
        "tokens": peek.size // _BYTES_A_TOKEN,
        "max_tokens": peek.max_tokens or 0,
        "stream": peek.stream,
        "tools": peek.tools,
        "needs": list(peek.needs),
        "session": request.session or "",
        "user": peek.user or "",
        "tags": peek.tags,
        "headers": {
            k.decode("latin-1"): v.decode("latin-1") for k, v in headers.items() if k not in _SECRET
        },
        "hour": moment.hour,
        "weekday": moment.isoweekday(),
    }
