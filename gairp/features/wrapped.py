"""A builder around another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from gairp.features.protocol import FeatureBuilder, Matrix, State


class WrappedFeatures:
    """What `builder` is and does; a subclass writes `fit`, and what it does otherwise."""

    builder: FeatureBuilder

    @property
    def name(self) -> str:
        return self.builder.name

    @property
    def parts(self) -> Sequence[FeatureBuilder]:
        return (self.builder,)

    @property
    def dim(self) -> int:
        return self.builder.dim

    def transform(self, texts: Sequence[str], *, categories: Sequence[str] | None = None) -> Matrix:
        return self.builder.transform(texts, categories=categories)

    def transform_one(self, text: str, *, category: str | None = None) -> Matrix:
        return self.builder.transform_one(text, category=category)

    def recipe(self) -> str:
        return self.builder.recipe()

    def fingerprint(self) -> str:
        return self.builder.fingerprint()

    def state(self) -> State:
        return self.builder.state()

    def restore(self, state: State) -> Self:
        self.builder.restore(state)
        return self
