"""A torn tail is cut and counted; damage before the end is an error with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.records.frame import HEAD
from gairp.records.journal import Journal, read_events
from gairp.records.segment import HEADER_BYTES
from tests.records.event_cases import same, settled

COUNT = 4


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """The only segment of a journal of four events."""
    with Journal(tmp_path) as journal:
        for number in range(COUNT):
            journal.append(settled(number))
    return tmp_path / "000001.log"


def _frame(path: Path) -> int:
    return (path.stat().st_size - HEADER_BYTES) // COUNT


def test_at_every_byte_of_the_last_frame(whole: Path) -> None:
    data, size = whole.read_bytes(), _frame(whole)
    first_three = [settled(number) for number in range(3)]
    for kept in range(size):
        whole.write_bytes(data[: len(data) - size + kept])
        assert same(list(read_events(whole.parent)), first_three)
        with Journal(whole.parent) as journal:
            assert (journal.torn_bytes, journal.seq) == (kept, 3)
            journal.append(settled(9))
        assert same(list(read_events(whole.parent)), [*first_three, settled(9)])


def test_at_every_byte_of_the_header_of_a_new_segment(whole: Path) -> None:
    header = whole.read_bytes()[:HEADER_BYTES]
    for kept in range(HEADER_BYTES):
        (whole.parent / "000002.log").write_bytes(header[:kept])
        assert len(list(read_events(whole.parent))) == COUNT
        with Journal(whole.parent) as journal:
            assert journal.seq == COUNT
        assert not (whole.parent / "000002.log").exists()


def test_zeros_behind_the_last_frame_are_a_torn_tail(whole: Path) -> None:
    with whole.open("ab") as file:
        file.write(bytes(4096))
    assert len(list(read_events(whole.parent))) == COUNT
    with Journal(whole.parent) as journal:
        assert (journal.torn_bytes, journal.seq) == (4096, COUNT)


def test_a_flipped_bit_anywhere_before_the_last_frame_is_damage(whole: Path) -> None:
    data, size = bytearray(whole.read_bytes()), _frame(whole)
    for at in range(HEADER_BYTES + size, HEADER_BYTES + 2 * size):
        data[at] ^= 4
        whole.write_bytes(data)
        place = rf"000001\.log, offset {HEADER_BYTES + size}: {size} bytes are damaged; restore"
        with pytest.raises(DataError, match=place):
            list(read_events(whole.parent))
        with pytest.raises(DataError, match=place):
            Journal(whole.parent)
        data[at] ^= 4
    whole.write_bytes(data)
    assert len(list(read_events(whole.parent))) == COUNT


def test_what_precedes_damage_is_read(whole: Path) -> None:
    data = bytearray(whole.read_bytes())
    data[HEADER_BYTES + 2 * _frame(whole) + HEAD.size] ^= 1
    whole.write_bytes(data)
    events = read_events(whole.parent)
    assert same([next(events), next(events)], [settled(0), settled(1)])
    with pytest.raises(DataError, match="damaged"):
        next(events)


def test_a_short_end_of_an_earlier_segment_is_damage(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=900) as journal:
        for number in range(COUNT):
            journal.append(settled(number))
    first = tmp_path / "000001.log"
    first.write_bytes(first.read_bytes()[:-3])
    with pytest.raises(DataError, match=r"000001\.log, offset \d+: \d+ bytes are damaged"):
        list(read_events(tmp_path))


def test_a_missing_segment_is_named(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=400) as journal:
        for number in range(COUNT):
            journal.append(settled(number))
    (tmp_path / "000002.log").unlink()
    with pytest.raises(DataError, match=r"segment 000002\.log is missing"):
        list(read_events(tmp_path))
    with pytest.raises(DataError, match=r"segment 000002\.log is missing"):
        Journal(tmp_path)


def test_segments_of_two_journals_do_not_mix(tmp_path: Path) -> None:
    for name, bytes_each in (("one", 400), ("two", 900)):
        with Journal(tmp_path / name, segment_bytes=bytes_each) as journal:
            for number in range(COUNT):
                journal.append(settled(number))
    (tmp_path / "two" / "000002.log").replace(tmp_path / "one" / "000002.log")
    with pytest.raises(DataError, match=r"000002\.log: begins with event 2, but .* end with 1"):
        list(read_events(tmp_path / "one"))


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "000001.log").write_text("this is a text of somebody's, longer than a header")
    for read in (lambda: list(read_events(tmp_path)), lambda: Journal(tmp_path)):
        with pytest.raises(DataError, match=r"000001\.log, offset 0: not a segment of a journal"):
            read()
    assert (tmp_path / "000001.log").read_text().startswith("this is a text")


def test_a_newer_schema_is_refused(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gairp.records.segment.SCHEMA_VERSION", 0)
    with pytest.raises(DataError, match="written with schema 1 of the log, this GAIRP knows up to"):
        list(read_events(whole.parent))
