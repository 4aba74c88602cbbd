"""From a completion to the reply that carries it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gairp.backends.fake.http import EVENTS, head, whole
from gairp.backends.fake.model import Model
from gairp.backends.fake.piece import Piece, Reply
from gairp.backends.fake.quirks import Quirks
from gairp.backends.fake.wire.completion import Completion
from gairp.backends.fake.wire.table import WIRES


def encoded(model: Model, completion: Completion, quirks: Quirks) -> Reply:
    """The reply as this vendor sends it, in the model's time."""
    wire, headers = WIRES[completion.ask.operation], quirks.headers(completion)
    if not completion.ask.stream:
        body = quirks.whole(wire.whole(completion), completion)
        data, wait_s = msgspec.json.encode(body), model.whole_s(completion)
        tokens = completion.output_tokens
        return whole(200, data, headers=headers, wait_s=wait_s, tokens=tokens)
    events = wire.stream(completion, lambda chunk: quirks.chunk(chunk, completion))
    pieces = quirks.events(model.paced(events, completion), completion)
    first = head(200, content_type=EVENTS, headers=headers)
    return Reply(status=200, pieces=_after(first, pieces), chunked=True, stream=True)


def _after(first: Piece, pieces: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from pieces
