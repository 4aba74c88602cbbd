"""A journal is followed while it is written, over segments, torn tails and restarts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.records.codec import encoded
from gairp.records.events import Event
from gairp.records.journal import Journal
from gairp.records.segment import segments
from gairp.records.tail import Tail
from tests.records.event_cases import settled


def told(batch: Iterable[tuple[int, Event]]) -> list[tuple[int, bytes]]:
    """As bytes: a NaN is equal to itself there."""
    return [(seq, encoded(event)) for seq, event in batch]


def test_gives_what_has_come_since_and_nothing_twice(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal, Tail(tmp_path) as tail:
        assert tail.take() == []
        events = [settled(i) for i in range(5)]
        journal.extend(events[:3])
        assert told(tail.take(2)) == told([(0, events[0]), (1, events[1])])
        assert told(tail.take()) == told([(2, events[2])])
        assert tail.take() == []
        journal.extend(events[3:])
        assert told(tail.take()) == told([(3, events[3]), (4, events[4])])
        assert tail.seq == 5


def test_begins_in_the_middle_and_goes_over_segments(tmp_path: Path) -> None:
    events = [settled(i) for i in range(40)]
    with Journal(tmp_path, segment_bytes=300) as journal:
        for event in events[:30]:
            journal.append(event)
        assert len(segments(tmp_path)) > 3
        with Tail(tmp_path, 17) as tail:
            assert told(tail.take()) == told(list(enumerate(events))[17:30])
            for event in events[30:]:
                journal.append(event)
            assert told(tail.take()) == told(list(enumerate(events))[30:])


def test_waits_at_a_position_that_is_not_written_yet(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal, Tail(tmp_path, 2) as tail:
        journal.append(settled(0))
        assert tail.take() == []
        journal.extend([settled(1), settled(2)])
        assert told(tail.take()) == told([(2, settled(2))])


def test_waits_for_the_rest_of_a_torn_event(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.extend([settled(0), settled(1)])
    path = segments(tmp_path)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with Tail(tmp_path) as tail:
        assert told(tail.take()) == told([(0, settled(0))])
        path.write_bytes(whole)
        assert told(tail.take()) == told([(1, settled(1))])


def test_an_event_larger_than_a_piece_is_read(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal, Tail(tmp_path) as tail:
        large = settled(0, content="x" * 1_000_000)
        journal.extend([large, settled(1)])
        assert told(tail.take()) == told([(0, large), (1, settled(1))])


def test_damage_in_a_full_segment_is_named(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=300) as journal:
        for i in range(20):
            journal.append(settled(i))
    first = segments(tmp_path)[0]
    data = bytearray(first.read_bytes())
    data[-5] ^= 0xFF
    first.write_bytes(bytes(data))
    with Tail(tmp_path) as tail, pytest.raises(DataError, match=r"000001\.log, offset \d+"):
        tail.take()
