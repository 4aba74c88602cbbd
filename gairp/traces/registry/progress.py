"""Who is told how a fetch gets on."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress:
    """Told nothing to anybody: the base of those that tell."""

    def start(self, files: int, total: int | None) -> None:
        """A download of `files` files begins; `total` bytes, None where unknown."""

    def file(self, path: str) -> None:
        """The next file begins."""

    def advance(self, count: int) -> None:
        """`count` more bytes are here; negative where a file begins anew."""

    def note(self, text: str) -> None:
        """Something worth a line."""


class RichProgress(Progress):
    """One bar for the whole download and one line a note; a context manager."""

    def __init__(self, console: Console) -> None:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bars: Bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task: TaskID | None = None
        self._files, self._begun = 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def start(self, files: int, total: int | None) -> None:
        if not files:
            return
        self._files, self._begun = files, 0
        self._bars.start()
        self._task = self._bars.add_task("", total=total)

    def file(self, path: str) -> None:
        self._begun += 1
        if self._task is not None:
            name = path.rsplit("/", 1)[-1]
            self._bars.update(self._task, description=f"{self._begun}/{self._files} {name}")

    def advance(self, count: int) -> None:
        if self._task is not None:
            self._bars.advance(self._task, count)

    def note(self, text: str) -> None:
        self._bars.console.print(text, highlight=False, markup=False)
