"""Pairs of texts that may be alike, by MinHash and banding."""

from __future__ import annotations

import numpy as np

from gairp.traces.shingles import Hashes, ShingleSets
from gairp.traces.table import Ints

#: 24 bands of 5 rows: a pair of Jaccard similarity s meets in a band with probability
#: 1 - (1 - s^5)^24: 0.9999 at 0.8, 0.988 at 0.7, 0.53 at 0.5, 0.06 at 0.3.
BANDS, ROWS = 24, 5
_SEED = 20_240_607  # any number: the hash functions are part of the method, not of a run
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)


def candidate_pairs(sets: ShingleSets, keys: Hashes) -> tuple[Ints, Ints]:
    """Pairs (i < j) of texts with equal `keys` that agree in at least one band.

    Signature of a text: for each of 120 hash functions the smallest hash of its shingles
    (Broder 1997); two texts agree in one place with probability equal to their Jaccard similarity,
    and texts whose signatures agree in a whole band become candidates (Indyk & Motwani 1998).
    Texts without shingles are in no pair. Deterministic: fixed hash functions.
    """
    texts = np.flatnonzero(sets.sizes > 0)
    pairs: list[Ints] = []
    if len(texts) > 1:
        starts = sets.starts[:-1][texts]
        for multipliers, offsets in _functions():
            band = keys[texts].copy()
            for a, b in zip(multipliers, offsets, strict=True):
                smallest = np.minimum.reduceat(_mixed(sets.hashes * a + b), starts)
                band = _mixed(band ^ smallest)
            pairs.append(_equal_pairs(band, texts) @ np.array([len(sets), 1]))
    both = np.unique(np.concatenate(pairs)) if pairs else np.empty(0, dtype=np.int64)
    return both // max(len(sets), 1), both % max(len(sets), 1)


def _functions() -> list[tuple[Hashes, Hashes]]:
    rng = np.random.default_rng(_SEED)
    numbers = rng.integers(0, 2**64, size=(2, BANDS, ROWS), dtype=np.uint64)
    return list(zip(numbers[0] | np.uint64(1), numbers[1], strict=True))


def _mixed(hashes: Hashes) -> Hashes:
    mixed = (hashes ^ (hashes >> _HALF)) * _MIX
    mixed ^= mixed >> _HALF
    return mixed


def _equal_pairs(band: Hashes, texts: Ints) -> Ints:
    """[p, 2]: all pairs of texts with the same band key, smaller index first."""
    order = np.argsort(band, kind="stable")
    ranked, owner = band[order], texts[order]
    found = [np.empty((0, 2), dtype=np.int64)]
    for gap in range(1, len(ranked)):
        here = np.flatnonzero(ranked[gap:] == ranked[:-gap])
        if not len(here):
            break
        pair = np.stack([owner[here], owner[here + gap]], axis=1)
        found.append(np.sort(pair, axis=1))
    return np.concatenate(found)
