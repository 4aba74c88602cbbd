"""Groups of near-duplicate prompts, which splits and bootstraps must not tear apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gairp.errors import ConfigError
from gairp.traces.minhash import candidate_pairs
from gairp.traces.shingles import Hashes, ShingleSets, shingle_sets, token_hash
from gairp.traces.table import Ints
from gairp.traces.tokens import is_number, tokens

#: Jaccard similarity from which two prompts are near-duplicates.
DEFAULT_THRESHOLD = 0.8
#: Least similarity with the template counted in: what two prompts share must outweigh the rest.
WHOLE_THRESHOLD = 0.5
#: A shingle in more prompts than this many, or this share of them, belongs to a template.
TEMPLATE_COUNT, TEMPLATE_SHARE = 50, 0.01


def duplicate_groups(
    texts: Sequence[str], *, threshold: float = DEFAULT_THRESHOLD
) -> NDArray[np.int64]:
    """int64 [n]: equal for near-duplicates, numbered by first appearance.

    Two prompts are near-duplicates when

    1. their tokens are equal, so that case, spacing and punctuation never matter; or
    2. they hold the same numbers, and the Jaccard similarity of their 3-word shingles is at least
       `threshold` without template shingles (those in over 50 prompts and 1% of them) and at
       least 0.5 with them; or
    3. a chain of such pairs joins them.

    So "What is 12+35?" and "What is 12+36?" are two prompts, as are different puzzles behind one
    long instruction, while the same question with and without that instruction is one. An empty
    text is like no other. Candidates come from MinHash, which misses a pair at the threshold 0.8
    once in 10,000; each candidate is then verified exactly. Deterministic, and independent of the
    order of the texts but for the numbering. Raises ConfigError for a threshold outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"the duplicate threshold is {threshold}; give a similarity in (0, 1]")
    tokenised = [tuple(tokens(text)) for text in texts]
    first: dict[object, int] = {}
    # an empty text stands for "the source has none", which says nothing about sameness
    same = [first.setdefault(words or i, len(first)) for i, words in enumerate(tokenised)]
    distinct: list[tuple[str, ...]] = [()] * len(first)
    for words, i in zip(tokenised, same, strict=True):
        distinct[i] = words
    merged = _components(len(distinct), *_alike(distinct, threshold))
    return _renumbered(merged[np.array(same, dtype=np.int64)])


def _alike(texts: Sequence[tuple[str, ...]], threshold: float) -> tuple[Ints, Ints]:
    """Verified pairs of near-duplicates among distinct texts."""
    whole = shingle_sets(texts)
    own = _without_templates(whole)
    left, right = candidate_pairs(own, _number_keys(texts))
    near = own.overlaps(left, right) >= threshold
    left, right = left[near], right[near]
    near = whole.overlaps(left, right) >= min(WHOLE_THRESHOLD, threshold)
    return left[near], right[near]


def _without_templates(sets: ShingleSets) -> ShingleSets:
    limit = max(TEMPLATE_COUNT, int(TEMPLATE_SHARE * len(sets)))
    return sets.keep(sets.frequencies() <= limit)


def _number_keys(texts: Sequence[tuple[str, ...]]) -> Hashes:
    """Equal for texts that hold the same numbers, in whatever order."""
    held = (" ".join(sorted(t for t in text if is_number(t))) for text in texts)
    return np.array([token_hash(numbers) for numbers in held], dtype=np.uint64)


def _components(size: int, left: Ints, right: Ints) -> Ints:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(left)), (left, right)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1]
    return np.asarray(labels, dtype=np.int64)


def _renumbered(labels: Ints) -> Ints:
    _, first, code = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[code]
