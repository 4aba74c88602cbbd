"""The invariants that every builder keeps, so that a subclass writes only its own part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from gairp.errors import FeatureError, NotFittedError, StateError
from gairp.features.digest import digest_parameters, digest_state
from gairp.features.protocol import Matrix, State


class Builder(ABC):
    """Checks what goes in and what comes out; keeps fingerprints.

    A subclass gives `kind`, `dim`, `_parameters` and `_transform`; one that learns adds `_fit`,
    `_state`, `_restore` and sets `learns`. `version` is raised whenever the same parameters would
    give other rows than before, so that no cache hands out the old ones.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    learns: bool = False

    _state_digest: str | None = None

    @property
    def name(self) -> str:
        return self.kind

    @property
    @abstractmethod
    def dim(self) -> int: ...

    def fit(
        self, texts: Sequence[str], *, seed: int = 0, categories: Sequence[str] | None = None
    ) -> Self:
        _check(texts, categories)
        if self.learns:
            if not texts:
                raise FeatureError(f"{self.name}: fit got no texts; the train split is empty")
            self._fit(texts, seed, categories)
            self._state_digest = None
        return self

    def transform(self, texts: Sequence[str], *, categories: Sequence[str] | None = None) -> Matrix:
        _check(texts, categories)
        matrix = self._transform(texts, categories)
        if matrix.shape != (len(texts), self.dim) or matrix.dtype != np.float64:
            raise FeatureError(
                f"{self.name}: made {matrix.dtype} {matrix.shape}, "
                f"not float64 {(len(texts), self.dim)}; this is an error in the builder"
            )
        if not np.isfinite(matrix).all():
            row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
            raise FeatureError(
                f"{self.name}: row {row} is not finite (text begins {texts[row][:60]!r})"
            )
        return matrix

    def transform_one(self, text: str, *, category: str | None = None) -> Matrix:
        """The row of a single text, shape [dim]."""
        row: Matrix = self.transform([text], categories=None if category is None else [category])[0]
        return row

    def recipe(self) -> str:
        return f"{self.name}-{digest_parameters(self._identity())[:16]}"

    def fingerprint(self) -> str:
        if self._state_digest is None:
            self._state_digest = digest_state(self.state())[:16]
        return f"{self.recipe()}-{self._state_digest}" if self.learns else self.recipe()

    def state(self) -> State:
        return self._state() if self.learns else {}

    def restore(self, state: State) -> Self:
        try:
            self._restore(state)
        except (KeyError, ValueError) as error:
            raise StateError(
                f"{self.name}: the saved state does not fit ({error!r}); fit the builder again"
            ) from None
        self._state_digest = None
        return self

    def _identity(self) -> Mapping[str, Any]:
        return {"kind": self.kind, "version": self.version, **self._parameters()}

    @abstractmethod
    def _parameters(self) -> Mapping[str, Any]:
        """Everything besides the train texts that the rows depend on, as JSON values."""

    @abstractmethod
    def _transform(self, texts: Sequence[str], categories: Sequence[str] | None) -> Matrix: ...

    def _fit(self, texts: Sequence[str], seed: int, categories: Sequence[str] | None) -> None:
        raise NotImplementedError(f"{type(self).__name__} sets learns and writes no _fit")

    def _state(self) -> State:
        return {}

    def _restore(self, state: State) -> None:
        if state:
            raise ValueError(f"unexpected arrays {sorted(state)}")

    def _not_fitted(self) -> NotFittedError:
        return NotFittedError(f"{self.name}: call fit on the train texts first")


def _check(texts: Sequence[str], categories: Sequence[str] | None) -> None:
    if isinstance(texts, str):
        raise FeatureError("texts must be a sequence of texts, not one text; put it into a list")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise FeatureError(f"text {row} is {text!r} ({type(text).__name__}), not a text")
    if categories is not None and len(categories) != len(texts):
        raise FeatureError(f"{len(categories)} categories for {len(texts)} texts; give one each")
