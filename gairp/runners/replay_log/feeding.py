"""Logs found, and their events handed to whoever asks for those of a learner."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from gairp.errors import DataError
from gairp.records.events import Decided, Event, Learned, Opened
from gairp.records.log import Log, is_log, open_log


class Fed(Protocol):
    """Takes one learner's events."""

    def feed(self, event: Event) -> None: ...


F = TypeVar("F", bound=Fed)
Names = set[str]


def logs_at(path: Path) -> list[Path]:
    """The log at a path, or those in the folders below it; DataError where there is none.

    A folder in `.part` is of a job that was killed, and is passed over.
    """
    if is_log(path):
        return [path]
    found = sorted(each for each in path.glob("*") if each.suffix != ".part" and is_log(each))
    if not found:
        open_log(path)  # says what is missing
    return found


def fed(log: Log, made: Callable[[Opened, Names], list[F]]) -> list[F]:
    """Everything that was made for the learners of a log, fed with their events."""
    learned, count = _first_pass(log)
    taking: dict[str, list[F]] = {}
    # Another process may still write: both passes see the same events.
    for event in islice(log, count):
        if event.learner not in taking:
            if isinstance(event, Opened):
                taking[event.learner] = made(event, learned.get(event.learner, set()))
                continue
            if isinstance(event, Decided):
                raise DataError(
                    f"{log.folder}: learner {event.learner!r} decides and was not opened; the "
                    "beginning of the log is missing"
                )
        for each in taking.get(event.learner, ()):
            each.feed(event)
    return list(_flat(taking))


def _first_pass(log: Log) -> tuple[dict[str, Names], int]:
    """Which decisions feedback came for, by learner, and how many events there are."""
    learned: dict[str, Names] = {}
    count = 0
    for event in log:
        count += 1
        if isinstance(event, Learned):
            learned.setdefault(event.learner, set()).add(event.decision_id)
    return learned, count


def _flat(taking: Mapping[str, list[F]]) -> Iterator[F]:
    for each in taking.values():
        yield from each
