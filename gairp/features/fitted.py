"""A builder that was fitted before, and stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from gairp.errors import StateError
from gairp.features.frame import read_state
from gairp.features.protocol import FeatureBuilder, Matrix, State


class FittedFeatures:
    """`builder` with the fitted state of `file` (as `frame.write_state` writes it): never fitted
    again, whatever the texts of a study are.

    Raises StateError where the file is absent, damaged, or another builder's.
    """

    def __init__(self, *, builder: FeatureBuilder, file: Path | str) -> None:
        state = read_state(Path(file))
        if state is None:
            raise StateError(f"features.file: {str(file)!r} holds no fitted features; make it anew")
        self.builder = builder.restore(state)

    @property
    def name(self) -> str:
        return self.builder.name

    @property
    def parts(self) -> Sequence[FeatureBuilder]:
        return (self.builder,)

    @property
    def dim(self) -> int:
        return self.builder.dim

    def fit(
        self, texts: Sequence[str], *, seed: int = 0, categories: Sequence[str] | None = None
    ) -> Self:
        """Nothing is learned."""
        return self

    def transform(self, texts: Sequence[str], *, categories: Sequence[str] | None = None) -> Matrix:
        return self.builder.transform(texts, categories=categories)

    def transform_one(self, text: str, *, category: str | None = None) -> Matrix:
        return self.builder.transform_one(text, category=category)

    def recipe(self) -> str:
        """With the fitted state: what `CachedFeatures` keeps must be told apart by it."""
        return self.builder.fingerprint()

    def fingerprint(self) -> str:
        return self.builder.fingerprint()

    def state(self) -> State:
        return self.builder.state()

    def restore(self, state: State) -> Self:
        self.builder.restore(state)
        return self
