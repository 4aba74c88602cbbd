"""Prompts as sets of hashed word shingles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gairp.traces.table import Ints

Hashes = NDArray[np.uint64]

#: Tokens a shingle. Three: one changed word changes three shingles, so that short prompts of the
#: same template differ clearly, while one word changed in a hundred leaves 94% in common.
WIDTH = 3

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True, slots=True)
class ShingleSets:
    """The shingles of `n` texts, one after the other."""

    hashes: Hashes  #: [m], sorted and unique within a text
    starts: Ints  #: [n + 1], text i owns hashes[starts[i]:starts[i + 1]]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> Ints:
        """[n], shingles of each text."""
        return np.diff(self.starts)

    def keep(self, mask: NDArray[np.bool_]) -> ShingleSets:
        """The sets without the shingles where `mask` is False."""
        before = np.concatenate([[0], np.cumsum(mask)]).astype(np.int64)
        return ShingleSets(self.hashes[mask], before[self.starts])

    def frequencies(self) -> Ints:
        """[m], in how many of the texts each shingle occurs."""
        _, code, count = np.unique(self.hashes, return_inverse=True, return_counts=True)
        return count.astype(np.int64)[code]

    def overlaps(self, left: Ints, right: Ints) -> NDArray[np.float64]:
        """Exact Jaccard similarity of the pairs (left[i], right[i]); 0 for two empty sets."""
        matrix = self._matrix()
        shared = np.empty(len(left), dtype=np.int64)
        for at in range(0, len(left), 20_000):  # bounds the memory that the row copies take
            block = slice(at, at + 20_000)
            both = matrix[left[block]].multiply(matrix[right[block]])
            shared[block] = np.asarray(both.sum(axis=1)).ravel()
        union = self.sizes[left] + self.sizes[right] - shared
        ratio: NDArray[np.float64] = shared / np.maximum(union, 1)
        return ratio

    def _matrix(self) -> Any:
        from scipy.sparse import csr_matrix

        _, code = np.unique(self.hashes, return_inverse=True)
        ones = np.ones(len(code), dtype=np.int32)
        return csr_matrix(
            (ones, code, self.starts), shape=(len(self), int(code.max(initial=0)) + 1)
        )


def shingle_sets(texts: Sequence[Sequence[str]]) -> ShingleSets:
    """The shingles of tokenised texts; one shorter than a shingle is a shingle by itself."""
    sizes = np.array([max(len(text), WIDTH) if text else 0 for text in texts], dtype=np.int64)
    flat = np.zeros(int(sizes.sum()), dtype=np.uint64)
    ends = np.cumsum(sizes)
    for text, end, size in zip(texts, ends.tolist(), sizes.tolist(), strict=True):
        flat[end - size : end - size + len(text)] = [token_hash(token) for token in text]
    last = len(flat) - WIDTH + 1
    if last < 1:
        return ShingleSets(np.empty(0, dtype=np.uint64), np.zeros(len(texts) + 1, dtype=np.int64))
    rolled = np.zeros(last, dtype=np.uint64)
    for step in range(WIDTH):
        rolled = (rolled ^ flat[step : last + step]) * _ODD
        rolled ^= rolled >> _SHIFT
    owner = np.repeat(np.arange(len(texts)), sizes)
    within = owner[:last] == owner[WIDTH - 1 :]  # not across two texts
    return _unique_within(rolled[within], owner[:last][within], len(texts))


def _unique_within(hashes: Hashes, owner: Ints, texts: int) -> ShingleSets:
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    new = np.ones(len(hashes), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    counts = np.bincount(owner[new], minlength=texts)
    return ShingleSets(hashes[new], np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


@lru_cache(maxsize=1 << 17)
def token_hash(token: str) -> int:
    """64 bits that are the same in every process, unlike `hash`."""
    digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
