"""Answers that have come and are not graded yet: what a kill must not lose, kept no longer."""

from __future__ import annotations

import json
import os
from pathlib import Path


class Spool:
    """Append-only lines of JSON: an answer is kept by its decision until it is dropped.

    The interaction log holds hashes of answers, not the answers; a grader that takes its time
    would leave nothing to grade after a kill. A torn last line is an answer whose call was not
    settled either. The file goes away with `close` when nothing is left in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept = _read(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(b"".join(_line([*item]) for item in self.kept.items()))
        part.replace(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def keep(self, decision_id: str, content: str) -> None:
        """Keep an answer, before it is settled."""
        self.kept[decision_id] = content
        os.write(self._file, _line([decision_id, content]))

    def drop(self, decision_id: str) -> None:
        """It is graded, or will never be."""
        if self.kept.pop(decision_id, None) is not None:
            os.write(self._file, _line([decision_id]))

    def close(self) -> None:
        """Close, and delete the file where all is graded."""
        os.close(self._file)
        if not self.kept:
            self.path.unlink(missing_ok=True)


def _line(item: list[str]) -> bytes:
    return json.dumps(item).encode() + b"\n"


def _read(path: Path) -> dict[str, str]:
    kept: dict[str, str] = {}
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for line in lines:
        if not line.endswith(b"\n"):
            break
        decision_id, *content = json.loads(line)
        if content:
            kept[decision_id] = content[0]
        else:
            kept.pop(decision_id, None)
    return kept
