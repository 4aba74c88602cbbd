"""Who is told of events, and when: after they are written, and not before bytes have gone out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.gateway.learners.ink import Ink
from gairp.records.events import Event, Learned
from gairp.records.reading import read_events


def _lesson(name: str) -> Learned:
    return Learned(
        learner="auto", at=1.0, decision_id=name, quality=0.5, source="user", received_at=1.0
    )


def _ink(folder: Path, later: list[Callable[[], None]] | None) -> Ink:
    return Ink(
        folder, durability="process", remembered=10, later=None if later is None else later.append
    )


def test_what_is_written_is_told_later_once_and_in_one_piece(tmp_path: Path) -> None:
    later: list[Callable[[], None]] = []
    ink = _ink(tmp_path, later)
    heard: list[tuple[int, list[Event]]] = []
    ink.tell(lambda first, events: heard.append((first, list(events))))
    for name in ("a", "b", "c"):
        ink.append(_lesson(name))
        ink.flush()
    assert ink.seq == 3
    assert (heard, len(later)) == ([], 1)
    later.pop()()
    assert [(first, [e.decision_id for e in events]) for first, events in heard] == [  # type: ignore[union-attr]
        (0, ["a", "b", "c"])
    ]
    ink.append(_lesson("d"))
    ink.flush()
    assert len(later) == 1
    later.pop()()
    assert heard[1] == (3, [_lesson("d")])
    ink.close()
    assert [e.decision_id for e in read_events(tmp_path)] == ["a", "b", "c", "d"]  # type: ignore[union-attr]


def test_who_asks_hears_at_once(tmp_path: Path) -> None:
    later: list[Callable[[], None]] = []
    ink = _ink(tmp_path, later)
    ink.append(_lesson("a"))
    assert not ink.learned("a")
    ink.flush()
    assert ink.learned("a")
    later.pop()()  # nothing is left to tell
    ink.close()


def test_what_the_disk_refuses_is_neither_kept_nor_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ink = _ink(tmp_path, None)
    heard: list[Event] = []
    ink.tell(lambda first, events: heard.extend(events))

    def full(events: object) -> None:
        raise DataError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(ink.journal, "extend", full)
        ink.append(_lesson("a"))
        with pytest.raises(DataError, match="full"):
            ink.flush()
    assert str(ink.broken) == "the disk is full"
    ink.append(_lesson("b"))
    ink.flush()
    assert heard == [_lesson("b")]
    assert ink.broken is None
    ink.close()
