"""How an answer falls into tokens: words, by default."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

#: From a text to its tokens, which joined give the text again.
Tokenizer = Callable[[str], Sequence[str]]
_WORD = re.compile(r"\s*\S+|\s+")


def words(text: str) -> list[str]:
    """Each word with the white space before it; white space at the end is a token of its own."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """How many tokens `words` would make of a prompt."""
    return len(text.split())
