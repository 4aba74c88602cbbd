"""The interaction log of one job, which appears under its name when it is whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from gairp.records.events import Event
from gairp.records.journal import Journal

_AT_ONCE = 256


class JobLog:
    """Takes a replay's events and writes them many at a time.

    A replay that was killed runs again from its beginning, so that nothing depends on when they
    are written; until the log is closed, its folder ends in `.part`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._part = folder.with_name(folder.name + ".part")
        shutil.rmtree(self._part, ignore_errors=True)
        self._journal = Journal(self._part)
        self._waiting: list[Event] = []

    def append(self, event: Event) -> None:
        """One more event."""
        self._waiting.append(event)
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def _write(self) -> None:
        self._journal.extend(self._waiting)
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write()
        self._journal.close()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.replace(self._part, self.folder)
