"""Token counts without a network."""

from __future__ import annotations

import pytest

from gairp.errors import UnknownNameError
from gairp.pricing import count_tokens


def test_known_counts() -> None:
    assert count_tokens("") == 0
    assert count_tokens("hello world") == 2
    assert count_tokens("tiktoken is great!") == 6
    assert count_tokens("antidisestablishmentarianism", "o200k_base") == 6


def test_special_tokens_and_broken_unicode_count_as_plain_text() -> None:
    assert count_tokens("<|endoftext|>") > 1
    assert count_tokens("\ud800 alone") > 0


@pytest.mark.parametrize("text", ["hello world " * 90_000, "x" * 1_100_000, "\n" * 120_000])
def test_a_text_of_any_length_is_counted(text: str) -> None:
    assert 0 < count_tokens(text) <= len(text)


def test_counting_in_pieces_is_exact_on_words() -> None:
    assert count_tokens("hello world " * 90_000) == 180_001


def test_an_unknown_encoding_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match="cl100k_base, o200k_base"):
        count_tokens("x", "p50k")  # type: ignore[arg-type]
