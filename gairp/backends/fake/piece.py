"""A reply on its way out: bytes, waits and acts of violence, one after the other.

Everything that a server sends, and everything that goes wrong with it, is a sequence of pieces.
The head of a reply is its first piece, so that a fault is a function from pieces to pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Literal

import msgspec

Role = Literal["head", "open", "text", "final", "usage", "done", "body", "other"]


class Act(Enum):
    """What happens to the connection instead of more bytes."""

    RESET = auto()  #: the peer sees "connection reset"
    CLOSE = auto()  #: the connection ends, whatever was promised
    END = auto()  #: the body ends properly here
    HANG = auto()  #: nothing more comes, until the client leaves


class Piece(msgspec.Struct, kw_only=True, gc=False):
    """Bytes that are written at once; `tokens` of the answer are in them."""

    data: bytes = b""
    role: Role = "other"
    tokens: int = 0
    wait_s: float = 0.0  #: after the piece before
    act: Act | None = None


class Reply(msgspec.Struct, kw_only=True):
    """One HTTP reply; where `chunked`, every piece but the head is framed as an HTTP chunk."""

    status: int
    pieces: Iterator[Piece]
    chunked: bool = False
    stream: bool = False  #: server-sent events
    keep_alive: bool = True


def act(what: Act) -> Piece:
    """A piece that carries no bytes."""
    return Piece(act=what)
