"""Signed hashed n-grams: no vocabulary, no fit, a few tens of microseconds a text.

Feature hashing after Weinberger et al. (2009), "Feature Hashing for Large Scale Multitask
Learning": bucket h(g) mod d and sign from an independent bit, so that inner products are unbiased.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.features.base import Builder
from gairp.features.protocol import Matrix

#: What a word is made of, and what stands between words; any other byte is a word of its own.
_PLAIN = bytes(b for b in range(256) if b >= 0x80 or chr(b).isalnum() or b in b"_ \t\n\r\f\v")
_APART = 0x5BD1E995
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)
_SIGN = np.uint64(63)
_REMEMBERED = 100_000
_TABLED = 64
#: By count: 0, 1, …, 64, -64, …, -1, so that a negative count finds its place from the end.
_SMALL = np.fft.ifftshift(np.arange(-_TABLED, _TABLED + 1, dtype=np.float64))
_DAMPED = np.sign(_SMALL) * np.log1p(np.abs(_SMALL))


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
        self._known: dict[int, bytes] = {}  # hash of a word or pair -> its code, an int64
        self._grams: Callable[[str], list[int] | NDArray[np.uint64]] = (
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
            matrix[row] = self.transform_one(text)
        return matrix

    def transform_one(self, text: str, *, category: str | None = None) -> Matrix:
        """As `transform`, without its checks: a server makes one row at a time."""
        codes, dim = self._codes(self._grams(text)), self._dim
        both = np.bincount(codes, minlength=2 * dim)
        counts = both[:dim] - both[dim:]
        if not self._sublinear:
            values: NDArray[Any] = counts
        elif len(codes) <= _TABLED:
            values = _DAMPED.take(counts)
        else:
            values = self._damped(counts)
        norm = math.sqrt(values.dot(values))
        return values / norm if norm > 0.0 else np.zeros(dim)

    def _codes(self, grams: list[int] | NDArray[np.uint64]) -> NDArray[np.int64]:
        """The bucket of each n-gram, `dim` more where its sign is negative.

        Words come again and again, so that what became of them is remembered.
        """
        if not isinstance(grams, list):
            return self._hashed(grams)
        known = self._known
        try:
            return np.frombuffer(b"".join(map(known.__getitem__, grams)), dtype=np.int64)
        except KeyError:
            codes = self._hashed(np.array(grams, dtype=np.uint64))
        if len(known) > _REMEMBERED:
            known.clear()
        data, size = codes.tobytes(), codes.itemsize
        known.update(
            zip(grams, [data[at : at + size] for at in range(0, len(data), size)], strict=True)
        )
        return codes

    def _hashed(self, grams: NDArray[np.uint64]) -> NDArray[np.int64]:
        mixed = grams * _MIX
        buckets = ((mixed >> _SHIFT) & np.uint64(0x7FFFFFFF)) % np.uint64(self._dim)
        return (buckets + (mixed >> _SIGN) * np.uint64(self._dim)).astype(np.int64)

    def _damped(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """sign(c)·ln(1 + |c|), out of a table where no count can be large."""
        if np.abs(counts).max() <= _TABLED:
            return _DAMPED.take(counts)
        return np.asarray(np.sign(counts) * np.log1p(np.abs(counts)))

    def _words(self, text: str) -> list[int]:
        data = text.lower().encode("utf-8", "surrogatepass")
        for mark in set(data.translate(None, _PLAIN)):
            data = data.replace(b"%c" % mark, b" %c " % mark)
        words = data.split()
        hashes = list(map(crc32, words))
        if self._ngram_max == 2:
            # The checksum of a pair goes on from that of its first word; no text is joined. The
            # constant keeps the pair apart from the word that the two would make together.
            hashes += list(map(crc32, words[1:], map(_APART.__xor__, hashes)))
        return hashes

    def _chars(self, text: str) -> NDArray[np.uint64]:
        codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        n = self._ngram_max
        if len(codes) < n:
            return np.zeros(0, dtype=np.uint64)
        hashes = np.zeros(len(codes) - n + 1, dtype=np.uint64)
        for offset in range(n):
            hashes = (hashes + codes[offset : offset + len(hashes)] + np.uint64(1)) * _MIX
        return hashes
