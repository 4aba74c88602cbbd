"""The workers' journals on their way into the one journal, each event once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gairp.gateway.ledger.left_behind import WORKER
from gairp.gateway.workers.part import worker_of
from gairp.records.events import Event, Graded, Learned, Opened
from gairp.records.reading import following_segment, read_numbered
from gairp.records.segment import header_of, segments
from gairp.records.tail import Tail


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Of the first `seq` events of the journal, so many came from each worker."""

    seq: int = 0
    taken: dict[str, int] = {}


class Spools:
    """Reads on where the journal ends: what it holds of a worker says how far that one was read.

    So nothing has to be written in two places at once, and a kill at any moment neither loses an
    event nor brings one twice.
    """

    def __init__(self, home: Path) -> None:
        """Counts what the journal of this home holds, from the last checkpoint on."""
        self._folder, self._journal = home / "workers", home / "journal"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._tails: dict[str, Tail] = {}
        self.taken = self._counted()

    def take(self, most: int) -> Iterator[tuple[str, Event]]:
        """(worker, event) of what has come, at most so many of each worker."""
        for worker in self._workers():
            for _, event in self._tails[worker].take(most):
                self.taken[worker] += 1
                yield worker, event

    def checkpoint(self, seq: int) -> None:
        """All that was taken is in the first `seq` events: note that, and remove what is read."""
        data = msgspec.json.encode(Checkpoint(seq=seq, taken=dict(self.taken)))
        part = self._note.with_suffix(".part")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._note)
        for worker, taken in self.taken.items():
            _remove_read(self._folder / worker / "journal", taken)

    def behind(self) -> dict[str, int]:
        """Bytes of each worker's journal that were not taken yet."""
        return {worker: tail.behind() for worker, tail in self._tails.items()}

    def close(self) -> None:
        """Close the files."""
        for tail in self._tails.values():
            tail.close()

    @property
    def _note(self) -> Path:
        return self._folder / "taken.json"

    def _counted(self) -> Counter[str]:
        note = Checkpoint()
        if self._note.exists():
            note = msgspec.json.decode(self._note.read_bytes(), type=Checkpoint)
        taken = Counter(note.taken)
        if segments(self._journal):
            for _, event in read_numbered(self._journal, note.seq):
                worker = _writer_of(event)
                if worker is not None:
                    taken[worker] += 1
        return taken

    def _workers(self) -> list[str]:
        for entry in os.scandir(self._folder):
            journal = Path(entry.path) / "journal"
            if entry.name not in self._tails and journal.is_dir() and segments(journal):
                self._tails[entry.name] = Tail(journal, self.taken[entry.name])
        return list(self._tails)


def _writer_of(event: Event) -> str | None:
    """The worker that wrote this event; None for the learner's own."""
    if isinstance(event, Opened):
        return event.facts.get(WORKER)
    if isinstance(event, Learned | Graded):
        return None
    return worker_of(event.decision_id)


def _remove_read(journal: Path, taken: int) -> None:
    """The segments before the one that holds position `taken`."""
    for path in segments(journal):
        following = following_segment(path)
        header = None if following is None else header_of(following)
        if header is None or header.first_seq > taken:
            return
        path.unlink()
