"""Logs found, and their events handed to whoever asks for those of a learner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from gairp.errors import DataError
from gairp.records.events import Decided, Event, Learned, Opened
from gairp.records.log import Log, is_log, open_log


class Fed(Protocol):
    """Takes one learner's events, with their positions."""

    def feed(self, event: Event, seq: int) -> None: ...


class Ahead(NamedTuple):
    """What is to come in a learner's log, known before it is fed."""

    learned: set[str]  #: decisions that feedback comes for
    copies: Counter[int]  #: positions whose state decisions are drawn from, and how many


F = TypeVar("F", bound=Fed)


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


def fed(log: Log, made: Callable[[Opened, Ahead], list[F]]) -> list[F]:
    """Everything that was made for the learners of a log, fed with their events."""
    ahead, count = _first_pass(log)
    taking: dict[str, list[F]] = {}
    # Another process may still write: both passes see the same events.
    for seq, event in islice(log.numbered(), count):
        if event.learner not in taking:
            if isinstance(event, Opened):
                taking[event.learner] = made(event, ahead.get(event.learner) or _nothing())
                continue
            if isinstance(event, Decided):
                raise DataError(
                    f"{log.folder}: learner {event.learner!r} decides and was not opened; the "
                    "beginning of the log is missing"
                )
        for each in taking.get(event.learner, ()):
            each.feed(event, seq)
    return list(_flat(taking))


def _first_pass(log: Log) -> tuple[dict[str, Ahead], int]:
    """What is to come, by learner, and how many events there are."""
    found: dict[str, Ahead] = {}
    count = 0
    for event in log:
        count += 1
        if isinstance(event, Learned):
            found.setdefault(event.learner, _nothing()).learned.add(event.decision_id)
        elif isinstance(event, Decided) and event.as_of is not None:
            found.setdefault(event.learner, _nothing()).copies[event.as_of] += 1
    return found, count


def _nothing() -> Ahead:
    return Ahead(set(), Counter())


def _flat(taking: Mapping[str, list[F]]) -> Iterator[F]:
    for each in taking.values():
        yield from each
