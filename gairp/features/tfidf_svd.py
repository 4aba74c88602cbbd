"""TF-IDF reduced by a truncated singular value decomposition, fitted on the train texts.

Latent semantic analysis (Deerwester et al. 1990) with the randomised decomposition of Halko,
Martinsson and Tropp (2011), by scikit-learn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from gairp.errors import ConfigError, FeatureError
from gairp.features.base import Builder
from gairp.features.protocol import Matrix, State
from gairp.features.threads import one_thread


class TfidfSvd(Builder):
    """Rows of unit length in at most `dim` latent directions; the zero row for unknown words only.

    `dim` is smaller after a fit on texts that have fewer independent directions. Words are runs of
    letters and digits, single characters included (formulas consist of them). Deterministic given
    `seed`: one BLAS thread, and each direction's sign makes its largest weight positive.
    """

    kind = "tfidf_svd"
    learns = True

    def __init__(
        self,
        *,
        dim: int = 64,
        analyzer: Literal["word", "char_wb"] = "word",
        ngram_max: int = 1,
        min_df: int = 2,
        max_features: int = 20_000,
        iterations: int = 5,
        normalise: bool = True,
    ) -> None:
        if dim < 1 or max_features < 1 or ngram_max < 1 or min_df < 1:
            raise ConfigError(
                "features: dim, max_features, ngram_max and min_df must be 1 or more, got "
                f"{dim}, {max_features}, {ngram_max} and {min_df}"
            )
        if analyzer not in ("word", "char_wb"):
            raise ConfigError(f"features.analyzer: {analyzer!r} is unknown; use word or char_wb")
        self._dim, self._analyzer, self._ngram_max = dim, analyzer, ngram_max
        self._min_df, self._max_features = min_df, max_features
        self._iterations, self._normalise = iterations, normalise
        self._vectorizer: Any = None
        self._directions: Matrix | None = None  # [terms, dim]

    @property
    def dim(self) -> int:
        if self._directions is None:
            raise self._not_fitted()
        return int(self._directions.shape[1])

    def _parameters(self) -> Mapping[str, Any]:
        from importlib.metadata import version

        return {
            "dim": self._dim,
            "analyzer": self._analyzer,
            "ngram_max": self._ngram_max,
            "min_df": self._min_df,
            "max_features": self._max_features,
            "iterations": self._iterations,
            "normalise": self._normalise,
            "scikit-learn": version("scikit-learn"),
        }

    def _fit(self, texts: Sequence[str], seed: int, categories: Sequence[str] | None) -> None:
        from sklearn.utils.extmath import randomized_svd

        vectorizer = self._new_vectorizer(min_df=min(self._min_df, len(texts)))
        try:
            weights = vectorizer.fit_transform(texts)
        except ValueError as error:
            raise FeatureError(
                f"{self.name}: {len(texts)} train texts leave no term that {self._min_df} of them "
                f"share ({error}); lower features.min_df or use the hashed features"
            ) from None
        rank = min(self._dim, *weights.shape)
        with one_thread():
            _, strength, rows = randomized_svd(
                weights, rank, n_iter=self._iterations, random_state=seed, flip_sign=False
            )
        # Directions of no strength are noise that differs from machine to machine.
        rows = rows[strength > 1e-9 * strength[0]]
        largest = np.abs(rows).argmax(axis=1)
        rows = rows * np.sign(rows[np.arange(len(rows)), largest])[:, None]
        self._vectorizer = vectorizer
        self._directions = np.ascontiguousarray(rows.T, dtype=np.float64)

    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix:
        if self._directions is None:
            raise self._not_fitted()
        if not texts:
            return np.zeros((0, self.dim))
        matrix = np.asarray(self._vectorizer.transform(texts) @ self._directions)
        if self._normalise:
            norms = np.sqrt((matrix * matrix).sum(axis=1))
            matrix /= np.where(norms > 0.0, norms, 1.0)[:, None]
        return matrix

    def _state(self) -> State:
        if self._directions is None:
            raise self._not_fitted()
        terms = json.dumps(self._vectorizer.get_feature_names_out().tolist())
        return {
            "terms": np.frombuffer(terms.encode(), dtype=np.uint8),
            "idf": np.asarray(self._vectorizer.idf_, dtype=np.float64),
            "directions": self._directions,
        }

    def _restore(self, state: State) -> None:
        terms = json.loads(state["terms"].tobytes())
        directions = np.ascontiguousarray(state["directions"], dtype=np.float64)
        if directions.ndim != 2 or not len(terms) == len(state["idf"]) == len(directions):
            raise ValueError(f"{len(terms)} terms, directions of shape {directions.shape}")
        vectorizer = self._new_vectorizer(vocabulary=terms)
        vectorizer.idf_ = np.asarray(state["idf"], dtype=np.float64)
        self._vectorizer, self._directions = vectorizer, directions

    def _new_vectorizer(self, **options: Any) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            analyzer=self._analyzer,
            ngram_range=(
                1 if self._analyzer == "word" else min(2, self._ngram_max),
                self._ngram_max,
            ),
            token_pattern=r"(?u)\b\w+\b" if self._analyzer == "word" else None,
            max_features=None if "vocabulary" in options else self._max_features,
            sublinear_tf=True,
            dtype=np.float64,
            **options,
        )
