"""Token counts with one tokenizer for every model, so that lengths compare."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from gairp.errors import MissingDependencyError


@cache
def _encoding() -> Any:
    try:
        import bpe_openai
    except ImportError as error:
        raise MissingDependencyError(
            "bpe-openai", extra="dev", needed_for="counting tokens of original texts"
        ) from error
    return bpe_openai.get_encoding("cl100k_base")


def count(text: str) -> int:
    """cl100k_base tokens of `text`, special tokens read as plain text."""
    return len(_encoding().encode_ordinary(text))


def counts(texts: Iterable[str]) -> list[int]:
    """cl100k_base tokens of each text."""
    encode = _encoding().encode_ordinary
    return [len(encode(text)) for text in texts]
