"""A builder that was fitted before, and stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from gairp.errors import StateError
from gairp.features.frame import read_state
from gairp.features.protocol import FeatureBuilder
from gairp.features.wrapped import WrappedFeatures


class FittedFeatures(WrappedFeatures):
    """`builder` with the fitted state of `file` (as `frame.write_state` writes it): never fitted
    again, whatever the texts of a study are.

    Raises StateError where the file is absent, damaged, or another builder's.
    """

    def __init__(self, *, builder: FeatureBuilder, file: Path | str) -> None:
        state = read_state(Path(file))
        if state is None:
            raise StateError(f"features.file: {str(file)!r} holds no fitted features; make it anew")
        self.builder = builder.restore(state)

    def fit(
        self, texts: Sequence[str], *, seed: int = 0, categories: Sequence[str] | None = None
    ) -> Self:
        """Nothing is learned."""
        return self

    def recipe(self) -> str:
        """With the fitted state: what `CachedFeatures` keeps must be told apart by it."""
        return self.builder.fingerprint()
