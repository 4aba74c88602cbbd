"""Many regression trees in flat arrays, walked all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FIELDS = ("feature", "threshold", "left", "right", "value", "root", "arm")


@dataclass(frozen=True, slots=True)
class Trees:
    """Nodes of all trees one after the other; a leaf is its own child, with a feature of 0."""

    feature: Ints  #: [nodes]
    threshold: Floats  #: [nodes]
    left: Ints  #: [nodes], for features at most the threshold
    right: Ints  #: [nodes]
    value: Floats  #: [nodes]
    root: Ints  #: [trees]
    arm: Ints  #: [trees], whose sum the tree adds to; ascending
    base: Floats  #: [arms], what the sums start from
    depth: int  #: of the deepest tree

    @classmethod
    def stacked(cls, nodes: Sequence[NDArray[Any]], arms: Sequence[int], base: Floats) -> Self:
        """From the node tables of scikit-learn's histogram trees, one tree each."""
        sizes = np.array([len(table) for table in nodes], dtype=np.int64)
        root = np.cumsum(sizes) - sizes
        table = np.concatenate(nodes)
        leaf = table["is_leaf"].astype(np.bool_)
        own, offset = np.arange(len(table)), np.repeat(root, sizes)
        return cls(
            feature=np.where(leaf, 0, table["feature_idx"]).astype(np.int64),
            threshold=np.where(leaf, 0.0, table["num_threshold"]).astype(np.float64),
            left=np.where(leaf, own, table["left"] + offset).astype(np.int64),
            right=np.where(leaf, own, table["right"] + offset).astype(np.int64),
            value=table["value"].astype(np.float64),
            root=root,
            arm=np.asarray(arms, dtype=np.int64),
            base=base,
            depth=int(table["depth"].max()),
        )

    def predict(self, x: Floats) -> Floats:
        """Sums [n, arms] for x [n, d]."""
        result = np.empty((len(x), len(self.base)))
        for start in range(0, len(x), 512):
            block = x[start : start + 512]
            rows = np.arange(len(block))[:, None]
            at = np.broadcast_to(self.root, (len(block), len(self.root)))
            for _ in range(self.depth):
                goes_left = block[rows, self.feature[at]] <= self.threshold[at]
                at = np.where(goes_left, self.left[at], self.right[at])
            result[start : start + 512] = self._summed(self.value[at])
        return result

    def _summed(self, leaves: Floats) -> Floats:
        sums = np.tile(self.base, (len(leaves), 1))
        if len(self.root):
            starts = np.flatnonzero(np.diff(self.arm, prepend=-1))
            sums[:, self.arm[starts]] += np.add.reduceat(leaves, starts, axis=1)
        return sums

    def state(self) -> dict[str, Any]:
        """What `restored` takes."""
        arrays = {name: getattr(self, name) for name in _FIELDS}
        return {**arrays, "base": self.base, "depth": self.depth}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Self:
        """Take up a saved state."""
        arrays = {name: state[name] for name in _FIELDS}
        return cls(**arrays, base=state["base"], depth=int(state["depth"]))
