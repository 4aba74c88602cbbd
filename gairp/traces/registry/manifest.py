"""The note that a finished fetch leaves in the cache: what is here, and made by what."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from gairp.traces.registry import atomic
from gairp.traces.registry.dataset import DatasetSpec

Origin = Literal["source", "mirror"]


class Manifest(Struct, frozen=True, kw_only=True):
    """Written last, so that its presence says that the tables beside it are whole."""

    dataset: str
    origin: Origin
    recipe: str  #: see `recipe`
    tables: dict[str, str]  #: file name -> sha256


def recipe(spec: DatasetSpec) -> str:
    """Hash of everything that decides how the tables come out of the sources.

    It covers the source files, the converter's options and its program text: after a corrected
    converter, tables that the old one made are not used any more.
    """
    commits = [(source.repository, source.commit) for source in spec.sources]
    files = [(file.path, file.blob, file.sha256) for _, file in spec.originals()]
    parts = [
        msgspec.json.encode([commits, files, spec.options, sorted(spec.tables)], order="sorted")
    ]
    if spec.converter:
        module = find_spec(spec.converter)
        if module is not None and module.origin:
            parts.append(Path(module.origin).read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def read(folder: Path) -> Manifest | None:
    """The manifest of a dataset's cache folder; None where there is none that can be read."""
    try:
        return msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def write(folder: Path, manifest: Manifest) -> None:
    """Writes it atomically."""
    atomic.write_text(folder / "manifest.json", msgspec.json.encode(manifest).decode() + "\n")


def remove(folder: Path) -> None:
    """Says that the tables are no longer to be used."""
    (folder / "manifest.json").unlink(missing_ok=True)
