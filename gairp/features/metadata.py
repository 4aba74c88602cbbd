"""What a prompt looks like, without reading what it says: a pure function of text and category."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError, FeatureError
from gairp.features.base import Builder
from gairp.features.protocol import Matrix

COLUMNS = (
    "log_chars",  # ln(1 + characters) / 10
    "log_words",  # ln(1 + words) / 10
    "word_length",  # mean letters a word / 10, at most 1
    "digits",  # share of characters, like the next seven
    "uppercase",
    "punctuation",
    "ascii",
    "cyrillic",
    "cjk",
    "other_letters",  # non-ASCII characters of neither script
    "math",
    "code_marks",  # code marks a line, squashed to [0, 1)
    "english",  # share of words that are common English function words
    "question",  # 1 where a question mark occurs
    "log_lines",  # ln(1 + line breaks) / 10
    "options",  # lettered answer options / 10, at most 1
)

_WORD = re.compile(r"[^\W\d_]+")
_OPTION = re.compile(r"^\s*\(?[A-Z][.):]\s", re.MULTILINE)
_CODE = re.compile(
    r"```|[{};]\s*$|==|!=|->|=>|\(\)|\w\[\w|\b(?:def|class|return|import|function|lambda|SELECT|"
    r"FROM|WHERE|const|var|void|int|print|printf)\b",
    re.MULTILINE,
)
_ENGLISH = frozenset(
    _WORD.findall(
        "a an and are as at be but by can do for from has have how if in is it not of on or that "
        "the their there they this to was we were what when which who will with you your"
    )
)
_MATH = np.zeros(128, dtype=bool)
_MATH[[ord(mark) for mark in "+-*/=<>^%\\$|~"]] = True
_PUNCTUATION = np.zeros(128, dtype=bool)
_PUNCTUATION[[ord(mark) for mark in "!\"#&'(),.:;?@[]_`{}"]] = True


class Metadata(Builder):
    """The columns named in `COLUMNS`, then one a category where `categories` are named.

    All are between 0 and 1 for texts of up to 22,000 characters. The names must be given here, not
    found in the data, so that the columns mean the same in every run; a category that is not named
    has zeros throughout.
    """

    kind = "metadata"

    def __init__(self, *, categories: Sequence[str] | None = None) -> None:
        names = list(categories or ())
        if len(set(names)) != len(names):
            raise ConfigError(f"features.categories: a name occurs twice in {names}")
        self._columns = {name: len(COLUMNS) + i for i, name in enumerate(names)}

    @property
    def dim(self) -> int:
        return len(COLUMNS) + len(self._columns)

    def _parameters(self) -> Mapping[str, Any]:
        return {"columns": list(COLUMNS), "categories": list(self._columns)}

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        if self._columns and categories is None:
            raise FeatureError(
                f"{self.name}: columns for {len(self._columns)} categories are configured, but the "
                "texts came without categories; pass them, or leave features.categories out"
            )
        matrix = np.zeros((len(texts), self.dim))
        for row, text in enumerate(texts):
            matrix[row, : len(COLUMNS)] = _describe(text)
        if self._columns:
            for row, category in enumerate(categories or ()):
                column = self._columns.get(category)
                if column is not None:
                    matrix[row, column] = 1.0
        return matrix


def _describe(text: str) -> list[float]:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    words = _WORD.findall(text)
    lines = text.count("\n")
    code_marks = len(_CODE.findall(text)) / (1 + lines)
    english = sum(word.lower() in _ENGLISH for word in words)
    return [
        log1p(len(text)) / 10.0,
        log1p(len(words)) / 10.0,
        min(1.0, sum(map(len, words)) / (10.0 * max(1, len(words)))),
        *_shares(codes),
        code_marks / (1.0 + code_marks),
        english / max(1, len(words)),
        float("?" in text or "？" in text),
        log1p(lines) / 10.0,
        min(1.0, len(_OPTION.findall(text)) / 10.0),
    ]


def _shares(codes: NDArray[np.uint32]) -> list[float]:
    total = max(1, len(codes))
    ascii_counts = np.bincount(codes[codes < 128], minlength=128)
    ascii_total = int(ascii_counts.sum())
    cyrillic = _between(codes, 0x0400, 0x052F)
    cjk = _between(codes, 0x3040, 0x30FF) + _between(codes, 0x3400, 0x9FFF)
    cjk += _between(codes, 0xAC00, 0xD7AF)
    counts = (
        ascii_counts[ord("0") : ord("9") + 1].sum(),
        ascii_counts[ord("A") : ord("Z") + 1].sum(),
        ascii_counts[_PUNCTUATION].sum(),
        ascii_total,
        cyrillic,
        cjk,
        len(codes) - ascii_total - cyrillic - cjk,
        ascii_counts[_MATH].sum(),
    )
    return [float(count) / total for count in counts]


def _between(codes: NDArray[np.uint32], low: int, high: int) -> int:
    return int(np.count_nonzero((codes >= low) & (codes <= high)))
