"""A builder that remembers on disk what it has computed."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self

from gairp.errors import StateError
from gairp.features.digest import digest_texts
from gairp.features.frame import read_matrix, read_state, write_matrix, write_state
from gairp.features.protocol import FeatureBuilder, Matrix
from gairp.features.wrapped import WrappedFeatures


class CachedFeatures(WrappedFeatures):
    """`builder`, with its fits and matrices kept under `folder`.

    A fit is found by the builder's recipe, the seed and a hash of the train texts; a matrix by the
    builder's fingerprint and a hash of the list of texts. Files carry a hash of their content: what
    is damaged is computed again. Any number of processes may share a folder. Lists of fewer than
    `min_rows` texts, as a server sees them, never touch the disk. Matrices are read-only.
    """

    def __init__(self, *, builder: FeatureBuilder, folder: Path | str, min_rows: int = 2) -> None:
        self.builder, self.folder, self.min_rows = builder, Path(folder), max(1, min_rows)

    def fit(
        self, texts: Sequence[str], *, seed: int = 0, categories: Sequence[str] | None = None
    ) -> Self:
        recipe = self.builder.recipe()
        key = sha256(f"{seed}/{digest_texts(texts, categories)}".encode()).hexdigest()[:32]
        path = self.folder / recipe / f"fit-{key}.npz"
        known = read_state(path)
        if known is not None:
            try:
                self.builder.restore(known)
                return self
            except StateError:
                pass  # written by something else under the same name: computed again
        self.builder.fit(texts, seed=seed, categories=categories)
        write_state(path, self.builder.state())
        return self

    def transform(self, texts: Sequence[str], *, categories: Sequence[str] | None = None) -> Matrix:
        if len(texts) < self.min_rows or isinstance(texts, str):
            return self.builder.transform(texts, categories=categories)
        key = digest_texts(texts, categories)[:32]
        path = self.folder / self.builder.fingerprint() / f"{key}.npy"
        known = read_matrix(path)
        if known is not None and known.shape == (len(texts), self.builder.dim):
            return known
        matrix = self.builder.transform(texts, categories=categories)
        write_matrix(path, matrix)
        matrix.setflags(write=False)
        return matrix
