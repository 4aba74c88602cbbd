"""What a feature builder is, in a form that is kept beside a model and compared later."""

from __future__ import annotations

from typing import Self

import msgspec

from gairp.features.protocol import FeatureBuilder


class FeatureSpec(msgspec.Struct, frozen=True):
    """Builders with their columns, and the fingerprint: recipe and hash of the fitted state."""

    parts: tuple[tuple[str, int], ...]  #: name and columns of each builder
    width: int  #: columns of a row, a bias among them
    fingerprint: str

    @classmethod
    def of(cls, builder: FeatureBuilder) -> Self:
        """Of a builder that is fitted where it learns."""
        return cls(tuple(_parts(builder)), builder.dim, builder.fingerprint())

    def __str__(self) -> str:
        parts = " + ".join(f"{name} {dim}" for name, dim in self.parts)
        return f"{parts} ({self.width} columns, {self.fingerprint})"

    def difference(self, other: FeatureSpec) -> str | None:
        """What makes the rows of `other` different from this one's; None where nothing does."""
        if self.fingerprint == other.fingerprint:
            return None
        if (self.parts, self.width) != (other.parts, other.width):
            return "other builders or other columns"
        if _recipe(self.fingerprint) != _recipe(other.fingerprint):
            return "the same builders with other parameters"
        return "the same builders fitted on other texts"


def _parts(builder: FeatureBuilder) -> list[tuple[str, int]]:
    inner = getattr(builder, "parts", ())
    return [pair for one in inner for pair in _parts(one)] or [(builder.name, builder.dim)]


def _recipe(fingerprint: str) -> str:
    """Name and digest of the parameters, without the digest of what was fitted."""
    return "-".join(fingerprint.split("-")[:2])
