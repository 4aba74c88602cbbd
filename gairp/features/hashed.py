"""Signed hashed n-grams: no vocabulary, no fit, a few tens of microseconds a text.

Feature hashing after Weinberger et al. (2009), "Feature Hashing for Large Scale Multitask
Learning": bucket h(g) mod d and sign from an independent bit, so that inner products are unbiased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.features.base import Builder
from gairp.features.protocol import Matrix

_WORD = re.compile(rb"[\w\x80-\xff]+|[^\w\s]")
_APART = 0x5BD1E995
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_SIGN = np.uint64(63)


class HashedNgrams(Builder):
    """Rows of unit length in `dim` buckets (the zero row for a text without any n-gram).

    `analyzer` is "word" (words and punctuation marks, singly and with `ngram_max`=2 in pairs) or
    "char" (runs of `ngram_max` characters). `sublinear` replaces a count c by sign(c)·ln(1 + |c|).
    """

    kind = "hashed"

    def __init__(
        self,
        *,
        dim: int = 64,
        analyzer: Literal["word", "char"] = "word",
        ngram_max: int = 2,
        sublinear: bool = True,
    ) -> None:
        if dim < 2:
            raise ConfigError(f"features.dim: {dim} is too small; use 2 or more, such as 64")
        if analyzer not in ("word", "char"):
            raise ConfigError(f"features.analyzer: {analyzer!r} is unknown; use 'word' or 'char'")
        if ngram_max < 1 or (analyzer == "word" and ngram_max > 2):
            raise ConfigError(
                f"features.ngram_max: {ngram_max} is out of range; words take 1 or 2, "
                "characters 1 or more"
            )
        self._dim, self._analyzer, self._ngram_max = dim, analyzer, ngram_max
        self._sublinear = sublinear
        self._grams: Callable[[str], NDArray[np.uint64]] = (
            self._words if analyzer == "word" else self._chars
        )

    @property
    def dim(self) -> int:
        return self._dim

    def _parameters(self) -> Mapping[str, Any]:
        return {
            "dim": self._dim,
            "analyzer": self._analyzer,
            "ngram_max": self._ngram_max,
            "sublinear": self._sublinear,
        }

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        matrix = np.zeros((len(texts), self._dim))
        for row, text in enumerate(texts):
            mixed = self._grams(text) * _MIX
            buckets = ((mixed >> _SHIFT) & np.uint64(0x7FFFFFFF)) % np.uint64(self._dim)
            signs = 1.0 - 2.0 * (mixed >> _SIGN)
            counts = np.bincount(buckets.astype(np.int64), weights=signs, minlength=self._dim)
            if self._sublinear:
                counts = np.sign(counts) * np.log1p(np.abs(counts))
            norm = np.sqrt(counts @ counts)
            if norm > 0.0:
                matrix[row] = counts / norm
        return matrix

    def _words(self, text: str) -> NDArray[np.uint64]:
        words = _WORD.findall(text.lower().encode("utf-8", "surrogatepass"))
        hashes = list(map(crc32, words))
        if self._ngram_max == 2:
            # The checksum of a pair goes on from that of its first word; no text is joined. The
            # constant keeps the pair apart from the word that the two would make together.
            pairs = zip(hashes[:-1], words[1:], strict=True)
            hashes += [crc32(second, first ^ _APART) for first, second in pairs]
        return np.array(hashes, dtype=np.uint64)

    def _chars(self, text: str) -> NDArray[np.uint64]:
        codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        n = self._ngram_max
        if len(codes) < n:
            return np.zeros(0, dtype=np.uint64)
        hashes = np.zeros(len(codes) - n + 1, dtype=np.uint64)
        for offset in range(n):
            hashes = (hashes + codes[offset : offset + len(hashes)] + np.uint64(1)) * _MIX
        return hashes
