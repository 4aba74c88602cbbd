"""What a server tells about itself: health, models, load, and the account of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gairp.backends.fake.http import Received, whole
from gairp.backends.fake.piece import Reply
from gairp.backends.fake.prometheus import exposition

if TYPE_CHECKING:
    from gairp.backends.fake.service import Service

_PLAIN = "text/plain; version=0.0.4; charset=utf-8"


def reply(service: Service, received: Received) -> Reply:
    """The reply to anything but a question to a model."""
    path = received.path
    if path.endswith("/health"):
        return whole(200, b'{"status":"ok"}')
    if path.endswith("/models"):
        return _json({"object": "list", "data": [_model(name) for name in service.models]})
    if path == "/metrics":
        return whole(200, exposition(service).encode(), content_type=_PLAIN)
    if path == "/_fake/calls":
        return _calls(service, received)
    return service.quirks.error(404, message=f"Unknown request URL: {received.method} {path}.")


def _calls(service: Service, received: Received) -> Reply:
    if received.method == "DELETE":
        service.ledger.clear()
    calls = service.ledger.calls(received.query.get("id"))
    return _json({"total": service.ledger.total, "calls": calls})


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 1_750_000_000, "owned_by": "fake"}


def _json(value: object) -> Reply:
    return whole(200, msgspec.json.encode(value))
