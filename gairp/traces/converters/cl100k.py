"""Token counts with one tokenizer for every model, so that lengths compare."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any


@cache
def _encoding() -> Any:
    with warnings.catch_warnings():
        # The package reads its tables through a deprecated call of the standard library.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bpe_openai

        return bpe_openai.get_encoding("cl100k_base")


def count(text: str) -> int:
    """cl100k_base tokens of `text`, special tokens read as plain text."""
    return len(_encoding().encode_ordinary(text))


def counts(texts: Iterable[str]) -> list[int]:
    """cl100k_base tokens of each text."""
    encode = _encoding().encode_ordinary
    return [len(encode(text)) for text in texts]
