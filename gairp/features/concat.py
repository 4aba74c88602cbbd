"""Several builders side by side, standardised and with a bias column where asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.features.base import Builder
from gairp.features.protocol import FeatureBuilder, Matrix, State


class ConcatFeatures(Builder):
    """The columns of `builders` in their order, then a column of ones where `bias`.

    `standardise` shifts and scales every column but the bias to mean 0 and standard deviation 1 on
    the train texts; a column that is constant there becomes 0 there and is only shifted elsewhere.
    """

    kind = "concat"

    def __init__(
        self,
        *,
        builders: Sequence[FeatureBuilder],
        bias: bool = False,
        standardise: bool = False,
    ) -> None:
        if not builders:
            raise ConfigError("features.builders: name at least one builder")
        self._builders = tuple(builders)
        self._bias, self._standardise = bias, standardise
        self._mean: Matrix | None = None
        self._scale: Matrix | None = None

    # Even where no part learns, `fit` is what a caller of any builder does first.
    learns = True

    @property
    def parts(self) -> Sequence[FeatureBuilder]:
        """The builders, in the order of their columns."""
        return self._builders

    @property
    def dim(self) -> int:
        return sum(builder.dim for builder in self._builders) + self._bias

    def _parameters(self) -> Mapping[str, Any]:
        return {
            "builders": [builder.recipe() for builder in self._builders],
            "bias": self._bias,
            "standardise": self._standardise,
        }

    def _fit(self, texts: Sequence[str], seed: int, categories: Sequence[str] | None) -> None:
        for builder in self._builders:
            builder.fit(texts, seed=seed, categories=categories)
        if self._standardise:
            columns = self._columns(texts, categories)
            spread = columns.std(axis=0)
            self._mean = columns.mean(axis=0)
            self._scale = np.where(spread > 1e-12, spread, 1.0)

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        columns = self._columns(texts, categories)
        if self._standardise:
            if self._mean is None or self._scale is None:
                raise self._not_fitted()
            columns = (columns - self._mean) / self._scale
        return np.hstack([columns, np.ones((len(texts), 1))]) if self._bias else columns

    def _columns(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        parts = [builder.transform(texts, categories=categories) for builder in self._builders]
        return np.hstack(parts)

    def _state(self) -> State:
        state = {
            f"{number}/{name}": array
            for number, builder in enumerate(self._builders)
            for name, array in builder.state().items()
        }
        if self._standardise:
            if self._mean is None or self._scale is None:
                raise self._not_fitted()
            state |= {"mean": self._mean, "scale": self._scale}
        return state

    def _restore(self, state: State) -> None:
        for number, builder in enumerate(self._builders):
            prefix = f"{number}/"
            part = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            builder.restore(part)
        if self._standardise:
            self._mean = np.asarray(state["mean"], dtype=np.float64)
            self._scale = np.asarray(state["scale"], dtype=np.float64)
