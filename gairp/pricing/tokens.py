"""Count tokens offline, with the byte-pair encodings that OpenAI publishes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args

from gairp.errors import UnknownNameError

# The encoder refuses 200,000 tokens, and a character has four tokens at most.
_PIECE = 50_000

Encoding = Literal["cl100k_base", "o200k_base"]


def count_tokens(text: str, encoding: Encoding = "cl100k_base") -> int:
    """How many tokens `text` has; text that looks like a special token counts as plain text.

    For other vendors' models this is an estimate: say so wherever the number is shown. A text over
    50,000 characters is counted in pieces cut before a space, which can differ by a token a cut.
    """
    encoder = _encoder(encoding)
    return sum(len(encoder.encode_ordinary(piece)) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _PIECE:
        space = text.rfind(" ", start + 1, start + _PIECE)
        end = space if space > 0 else start + _PIECE
        yield text[start:end]
        start = end
    yield text[start:]


@cache
def _encoder(encoding: str) -> Any:
    if encoding not in get_args(Encoding):
        raise UnknownNameError("token encoding", encoding, get_args(Encoding))
    with warnings.catch_warnings():  # it reads its tables in a way that Python 3.11 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

        return bpe_openai.get_encoding(encoding)
