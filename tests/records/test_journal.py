"""The journal keeps every event that was appended, and says what it cannot keep."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.errors import ConfigError, DataError
from gairp.records.codec import decoded, encoded
from gairp.records.events import Event
from gairp.records.journal import Journal, read_events
from gairp.records.reading import read_numbered
from tests.records.event_cases import decided, events, same, settled


@settings(max_examples=150, deadline=None)
@given(st.lists(events, max_size=4))
def test_what_is_encoded_is_decoded(written: list[Event]) -> None:
    assert same([decoded(encoded(event)) for event in written], written)


def test_events_come_back_in_order_over_segments(tmp_path: Path) -> None:
    written: list[Event] = []
    for start in (0, 40, 41):
        with Journal(tmp_path, segment_bytes=2000) as journal:
            assert journal.seq == start
            assert journal.torn_bytes == 0
            for number in range(start, 40 if start == 0 else start + 1):
                written.append(settled(number))
                journal.append(written[-1])
    names = sorted(path.name for path in tmp_path.glob("*.log"))
    assert names[:2] == ["000001.log", "000002.log"]
    assert len(names) == 7
    assert all(path.stat().st_size <= 2000 for path in tmp_path.glob("*.log"))
    assert same(list(read_events(tmp_path)), written)
    assert [seq for seq, _ in read_numbered(tmp_path, after=37)] == [37, 38, 39, 40, 41]
    assert list(read_numbered(tmp_path, after=42)) == []


def test_extend_writes_in_one_piece(tmp_path: Path) -> None:
    written: list[Event] = [settled(0), decided(1, np.array([0.5, np.nan]))]
    with Journal(tmp_path) as journal:
        journal.extend(written)
        journal.extend([])
        assert journal.seq == 2
    assert same(list(read_events(tmp_path)), written)


def test_an_event_larger_than_a_segment_has_one_of_its_own(tmp_path: Path) -> None:
    large = settled(1, content="x" * 5000)
    with Journal(tmp_path, segment_bytes=1000) as journal:
        for event in (settled(0), large, settled(2)):
            journal.append(event)
    assert [path.stat().st_size > 5000 for path in sorted(tmp_path.glob("*.log"))] == [
        False,
        True,
        False,
    ]
    assert same(list(read_events(tmp_path)), [settled(0), large, settled(2)])


def test_half_a_surrogate_pair_is_logged_as_the_replacement_character(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.append(settled(0, content="a\ud83d\ude00b\udc00", finish_reason="stop"))
    assert same(list(read_events(tmp_path)), [settled(0, content="a😀b\ufffd")])


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    with (
        Journal(tmp_path),
        pytest.raises(DataError, match=f"another writer .*process {os.getpid()}"),
    ):
        Journal(tmp_path)
    Journal(tmp_path).close()


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(settled(0))
    journal.close()
    journal.close()
    with pytest.raises(DataError, match=r"000001\.log: nothing can be written any more"):
        journal.append(settled(1))
    assert same(list(read_events(tmp_path)), [settled(0)])


@pytest.mark.parametrize("taken", [0, 5])
def test_what_a_full_disk_took_of_an_event_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    real = os.write
    full = False

    def write(fd: int, data: bytes) -> int:
        if not full:
            return real(fd, data)
        if not taken:
            raise OSError(28, "No space left on device")
        return real(fd, data[:taken])

    monkeypatch.setattr(os, "write", write)
    with Journal(tmp_path) as journal:
        journal.append(settled(0))
        full = True
        with pytest.raises(DataError, match=r"000001\.log: could not be written .*No space left"):
            journal.append(settled(1))
        full = False
        journal.append(settled(2))
        assert journal.seq == 2
    assert same(list(read_events(tmp_path)), [settled(0), settled(2)])


def test_where_nothing_can_be_taken_back_nothing_more_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with Journal(tmp_path) as journal:
        journal.append(settled(0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", refused)
            patch.setattr(os, "ftruncate", refused)
            with pytest.raises(DataError, match="could not be written"):
                journal.append(settled(1))
        with pytest.raises(DataError, match=r"Input/output error.*open the journal anew"):
            journal.append(settled(2))
    assert same(list(read_events(tmp_path)), [settled(0)])


def test_settings_that_make_no_journal_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="durability is 'none'; there are: process, power"):
        Journal(tmp_path, durability="none")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="segment_bytes is 3"):
        Journal(tmp_path, segment_bytes=3)


def test_a_folder_without_a_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: there is no journal \(no 000001\.log\)"):
        list(read_events(tmp_path / "nowhere"))
