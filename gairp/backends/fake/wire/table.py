"""Which wire carries which question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from gairp.backends.fake.piece import Piece
from gairp.backends.fake.wire import chat
from gairp.backends.fake.wire.completion import Completion


class Wire(msgspec.Struct, frozen=True):
    """How an answer is written in one piece, and how as events."""

    whole: Callable[[Completion], dict[str, Any]]
    stream: Callable[[Completion], Iterator[Piece]]


WIRES: Mapping[str, Wire] = {"chat": Wire(chat.whole, chat.stream)}
