"""One request's content, before it is sealed."""

from __future__ import annotations

import zlib
from hashlib import blake2b
from typing import Self

import msgspec


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked and what was answered, byte for byte; the rest is in the clear beside it."""

    operation: str
    status: int
    prompt: bytes
    answer: bytes
    prompt_bytes: int  #: more than are there where it was cut
    answer_bytes: int

    @property
    def prompt_hash(self) -> str:
        """As journal and audit log have it."""
        return blake2b(self.prompt, digest_size=16).hexdigest()

    @property
    def answer_hash(self) -> str:
        """Likewise, of whole answers; of a stream these are the bytes that the client was sent."""
        return blake2b(self.answer, digest_size=16).hexdigest()

    def packed(self) -> bytes:
        """Compressed."""
        return zlib.compress(msgspec.msgpack.encode(self), 1)

    @classmethod
    def unpacked(cls, data: bytes) -> Self:
        """As it was."""
        return msgspec.msgpack.decode(zlib.decompress(data), type=cls)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """Content, whose it is, and of when."""

    decision_id: str
    request_id: str
    tenant: str
    at: float  #: Unix time
    content: Content

    @property
    def size(self) -> int:
        """Bytes that it takes while it waits."""
        return len(self.content.prompt) + len(self.content.answer) + 500
