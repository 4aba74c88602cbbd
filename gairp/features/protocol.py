"""What turns texts into feature vectors, as seen from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
State = Mapping[str, NDArray[Any]]


class FeatureBuilder(Protocol):
    """Texts [n] -> float64 [n, dim]; every row depends on its own text (and category) alone.

    `categories`, where given, has one entry a text; builders without use for it ignore it.
    """

    @property
    def name(self) -> str:
        """A short name for logs and cache folders."""

    @property
    def dim(self) -> int:
        """Columns of the matrix; NotFittedError before `fit` where they depend on the data."""

    def fit(
        self, texts: Sequence[str], *, seed: int = 0, categories: Sequence[str] | None = None
    ) -> Self:
        """Learn from the train texts, and from nothing else."""

    def transform(self, texts: Sequence[str], *, categories: Sequence[str] | None = None) -> Matrix:
        """One finite row a text; NotFittedError where `fit` must come first."""

    def transform_one(self, text: str, *, category: str | None = None) -> Matrix:
        """The row of a single text, [dim], as `transform` gives it."""

    def recipe(self) -> str:
        """What the builder is before it has seen a text: kind, version, parameters."""

    def fingerprint(self) -> str:
        """The recipe and a digest of the fitted state: equal fingerprints, equal rows."""

    def state(self) -> State:
        """The fitted state as named arrays, empty where there is none."""

    def restore(self, state: State) -> Self:
        """Take up a fitted state; StateError where it does not fit this builder."""
