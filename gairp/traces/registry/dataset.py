"""What the registry knows of one dataset; the YAML files decode into this, strictly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct, field

#: The host that serves a file of a public repository at a fixed commit, byte for byte.
RAW_FILES = "https://raw.githubusercontent.com"

Kind = Literal["outcomes", "arrivals", "bandit_log", "latency", "prices"]


class SourceFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One original file. At least one hash makes it verifiable; with none, its first fetch does."""

    path: str  #: inside the repository
    bytes: int | None = None  #: size
    blob: str | None = None  #: git blob id (SHA-1 over header and content), 40 hex digits
    sha256: str | None = None  #: 64 hex digits

    @property
    def hashed(self) -> bool:
        """Whether a hash is registered."""
        return self.blob is not None or self.sha256 is not None


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files of one repository at one commit."""

    repository: str  #: owner/name
    commit: str  #: 40 hex digits
    date: str  #: of the commit, ISO
    files: tuple[SourceFile, ...] = ()
    note: str = ""

    def url(self, path: str, host: str = RAW_FILES) -> str:
        """The address of one file."""
        return f"{host.rstrip('/')}/{self.repository}/{self.commit}/{quote(path)}"


class TableFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One converted table as the mirror (or the checkout) holds it."""

    file: str
    shape: tuple[int, ...] | None = None  #: rows, columns
    sha256: str | None = None  #: of the file in the mirror or in the checkout


class Size(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much there is; what does not apply is absent."""

    rows: int | None = None
    prompts: int | None = None
    arms: int | None = None

    def __str__(self) -> str:
        if self.prompts is None or self.arms is None:
            return "—" if self.rows is None else f"{self.rows:,} rows"
        return f"{self.prompts:,} prompts × {self.arms}"


class DatasetSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dataset: origin, licence, caveats, how it is converted, which tables come out."""

    name: str
    title: str
    kind: Kind
    about: str
    licence: str
    citation: str
    tables: dict[str, TableFile]
    size: Size = Size()
    caveats: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    provenance: str = ""  #: in words, where the tables come from more than the listed files
    converter: str | None = None  #: dotted name of the module that converts the original files
    options: dict[str, Any] = field(default_factory=dict)  #: keyword arguments of the converter
    mirror: str | None = None  #: folder below the mirror
    embedded: str | None = None  #: folder below the checkout: such a dataset is never downloaded

    def originals(self) -> Iterator[tuple[Source, SourceFile]]:
        """Every original file with its source."""
        for source in self.sources:
            for file in source.files:
                yield source, file

    @property
    def convertible(self) -> bool:
        """Whether the tables can be made from original files."""
        return self.converter is not None and any(True for _ in self.originals())
