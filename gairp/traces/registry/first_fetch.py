"""Hashes of files for which none is registered: the first fetch is trusted, later ones compared."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from gairp.traces.registry import atomic
from gairp.traces.registry.dataset import SourceFile


class FirstFetch:
    """The hashes seen so far, kept in one JSON file of the dataset's cache folder."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: dict[str, str] = {}
        if file.is_file():
            self._seen = msgspec.json.decode(file.read_bytes(), type=dict[str, str])

    def completed(self, file: SourceFile) -> SourceFile:
        """`file`, with the hash of its first fetch where none is registered."""
        if file.hashed or file.path not in self._seen:
            return file
        return msgspec.structs.replace(file, sha256=self._seen[file.path])

    def record(self, path: str, sha256: str) -> None:
        """Remembers what a first fetch brought."""
        self._seen[path] = sha256
        atomic.write_text(self._file, json.dumps(self._seen, indent=1, sort_keys=True) + "\n")
