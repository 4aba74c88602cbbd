"""Which wire carries which question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from gairp.backends.fake.ask import Operation
from gairp.backends.fake.piece import Piece
from gairp.backends.fake.wire import chat, embeddings, responses, text
from gairp.backends.fake.wire.chat import Chunk
from gairp.backends.fake.wire.completion import Completion


class Wire(msgspec.Struct, frozen=True):
    """How an answer is written in one piece, and how as events."""

    whole: Callable[[Completion], dict[str, Any]]
    stream: Callable[[Completion, Callable[[Chunk], Chunk]], Iterator[Piece]]


WIRES: Mapping[Operation, Wire] = {
    "chat": Wire(chat.whole, chat.stream),
    "completion": Wire(text.whole, text.stream),
    "response": Wire(responses.whole, responses.stream),
    "embedding": Wire(embeddings.whole, embeddings.stream),
}
