"""Embeddings: unit vectors that depend on the text alone."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import blake2b
from math import sqrt
from typing import Any

from gairp.backends.fake.piece import Piece
from gairp.backends.fake.wire.chat import Chunk
from gairp.backends.fake.wire.completion import Completion


def whole(completion: Completion) -> dict[str, Any]:
    """A vector for each text of the request."""
    body = completion.ask.body
    size = int(body.get("dimensions") or completion.embedding_size)
    write = _base64 if body.get("encoding_format") == "base64" else list
    data = [
        {"object": "embedding", "index": i, "embedding": write(vector(text, size))}
        for i, text in enumerate(completion.ask.texts)
    ]
    answer: dict[str, Any] = {"object": "list", "data": data, "model": completion.model}
    if completion.usage is not None:
        prompt, _ = completion.usage
        answer["usage"] = {"prompt_tokens": prompt, "total_tokens": prompt}
    return answer


def stream(completion: Completion, change: Callable[[Chunk], Chunk]) -> Iterator[Piece]:
    """There is no such thing."""
    raise ValueError("embeddings are not streamed; leave `stream` out")


def vector(text: str, size: int) -> list[float]:
    """A unit vector of `size` numbers, from hashes of the text."""
    numbers = [
        int.from_bytes(blake2b(text.encode(), digest_size=4, salt=b"%d" % i).digest(), "big")
        / 2**31
        - 1
        for i in range(size)
    ]
    norm = sqrt(sum(x * x for x in numbers)) or 1.0
    return [x / norm for x in numbers]


def _base64(numbers: list[float]) -> str:
    return b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
