"""Fewer columns: another builder's features on their main axes, fitted on the train texts.

Principal components (Pearson 1901; Hotelling 1933) from the eigenvectors of the covariance matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gairp.errors import ConfigError
from gairp.features.base import Builder
from gairp.features.protocol import FeatureBuilder, Matrix, State
from gairp.features.threads import one_thread


class PcaFeatures(Builder):
    """At most `dim` columns, mean 0 on the train texts; `whiten` scales each to variance 1 there.

    Each axis has the sign that makes its largest weight positive.
    """

    kind = "pca"
    learns = True

    def __init__(self, *, builder: FeatureBuilder, dim: int = 32, whiten: bool = False) -> None:
        if dim < 1:
            raise ConfigError(f"features.dim: {dim} is too small; use 1 or more, such as 32")
        self._builder, self._dim, self._whiten = builder, dim, whiten
        self._mean: Matrix | None = None
        self._axes: Matrix | None = None  # [columns of the builder, dim]

    @property
    def dim(self) -> int:
        if self._axes is None:
            raise self._not_fitted()
        return int(self._axes.shape[1])

    def _parameters(self) -> Mapping[str, Any]:
        return {"builder": self._builder.recipe(), "dim": self._dim, "whiten": self._whiten}

    def _fit(self, texts: Sequence[str], seed: int, categories: Sequence[str] | None) -> None:
        self._builder.fit(texts, seed=seed, categories=categories)
        columns = self._builder.transform(texts, categories=categories)
        self._mean = columns.mean(axis=0)
        with one_thread():
            centred = columns - self._mean
            variances, axes = np.linalg.eigh(centred.T @ centred / len(texts))
        variances, axes = variances[::-1][: self._dim], axes[:, ::-1][:, : self._dim]
        kept = variances > 1e-12 * max(float(variances[0]), 1e-300)
        variances, axes = variances[kept], axes[:, kept]
        largest = np.abs(axes).argmax(axis=0)
        axes = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
        self._axes = np.ascontiguousarray(axes / np.sqrt(variances) if self._whiten else axes)

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        if self._axes is None or self._mean is None:
            raise self._not_fitted()
        columns = self._builder.transform(texts, categories=categories) - self._mean
        matrix = np.empty((len(texts), self.dim))
        # Row by row: one product of the whole matrix rounds a row by how many there are.
        for row, values in enumerate(columns):
            np.dot(values, self._axes, out=matrix[row])
        return matrix

    def _state(self) -> State:
        if self._axes is None or self._mean is None:
            raise self._not_fitted()
        inner = {f"builder/{name}": array for name, array in self._builder.state().items()}
        return {**inner, "mean": self._mean, "axes": self._axes}

    def _restore(self, state: State) -> None:
        prefix = "builder/"
        self._builder.restore(
            {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        )
        self._mean = np.asarray(state["mean"], dtype=np.float64)
        self._axes = np.ascontiguousarray(state["axes"], dtype=np.float64)
