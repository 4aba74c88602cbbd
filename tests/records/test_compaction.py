"""A compacted log is the journal, event by event and bit by bit."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gairp.errors import ConfigError, DataError
from gairp.records import compaction
from gairp.records.codec import encoded
from gairp.records.columns import TABLES
from gairp.records.compacted import NOTE, write_whole
from gairp.records.compaction import compact
from gairp.records.event_table import from_table, to_table
from gairp.records.events import Called, Event
from gairp.records.folder_lock import FolderLock
from gairp.records.journal import Journal
from gairp.records.log import open_log
from tests.records.event_cases import NOON, decided, events, same, settled


def _journal(folder: Path, written: list[Event]) -> Path:
    with Journal(folder, segment_bytes=4000) as journal:
        for event in written:
            journal.append(event)
    return folder


def _plain(count: int, start: int = 0) -> list[Event]:
    """Settlements and decisions of three learners over two days."""
    made: list[Event] = []
    for number in range(start, start + count):
        changes = {"learner": f"linucb-{number % 3}", "at": NOON + 7200.0 * (number % 12)}
        made.append(
            settled(number, **changes)
            if number % 2
            else decided(number, np.array([number, np.nan]), **changes)
        )
    return made


@settings(max_examples=80, deadline=None)
@given(st.lists(events, min_size=1, max_size=12), st.integers(1, 5), st.integers(0, 12))
def test_what_is_read_back_equals_the_journal(
    written: list[Event], batch: int, earlier: int
) -> None:
    with TemporaryDirectory() as scratch:
        journal, out = Path(scratch, "log"), Path(scratch, "parquet")
        for part in (written[:earlier], written[earlier:]):
            _journal(journal, part)
            compact(journal, out, batch=batch)
        assert same(open_log(journal), written)
        assert same(open_log(out), written)


def test_every_field_of_every_event_has_a_column() -> None:
    for cls, columns in TABLES.items():
        covered = {str(column.steps[0]) for column in columns}
        assert covered == {field.name for field in msgspec.structs.fields(cls)} - {"learner"}


def test_running_again_adds_only_what_is_new(tmp_path: Path) -> None:
    written, out = _plain(20), tmp_path / "parquet"
    journal = _journal(tmp_path / "log", written)
    added = compact(journal, out)
    assert (added.first, added.seq) == (0, 20)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    assert added.files == len(before)
    assert compact(journal, out) == (20, 20, 0, 0)
    _journal(journal, _plain(5, start=20))
    assert compact(journal, out)[:2] == (20, 25)
    assert before.items() <= {p: p.stat().st_mtime_ns for p in out.rglob("*.parquet")}.items()
    assert same(open_log(out), [*written, *_plain(5, start=20)])
    assert [seq for seq, _ in open_log(out).numbered(after=22)] == [22, 23, 24]


def test_pandas_reads_a_kind_with_its_partitions(tmp_path: Path) -> None:
    compact(_journal(tmp_path / "log", _plain(20)), tmp_path / "parquet")
    table = pd.read_parquet(tmp_path / "parquet" / "kind=decided").sort_values("seq")
    assert list(table["seq"]) == list(range(0, 20, 2))
    assert list(table["learner"].astype(str))[:3] == ["linucb-0", "linucb-2", "linucb-1"]
    assert sorted(set(table["day"].astype(str))) == ["2026-01-01", "2026-01-02"]
    assert table["features"].iloc[2][0] == 4.0
    assert table["probabilities"].iloc[2].tolist() == [0.25, 0.75]


@pytest.mark.parametrize("stop", range(12))
def test_a_kill_anywhere_leaves_nothing_half_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    written, out = _plain(12), tmp_path / "parquet"
    journal = _journal(tmp_path / "log", written)
    real, count = write_whole, 0

    def killed(path: Path, data: bytes) -> None:
        nonlocal count
        if count == stop:
            path.with_name(f".{path.name}.tmp").write_bytes(data[:10])
            raise KeyboardInterrupt
        count += 1
        real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(compaction, "write_whole", killed)
        with pytest.raises(KeyboardInterrupt):
            compact(journal, out, batch=7)
    there = list(open_log(out))
    assert same(there, written[: len(there)])
    for path in out.rglob("*.parquet"):
        pd.read_parquet(path)
    compact(journal, out, batch=3)
    assert same(open_log(out), written)
    assert not list(out.rglob(".*.tmp"))


def test_another_journal_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "parquet"
    compact(_journal(tmp_path / "one", _plain(9)), out)
    with pytest.raises(DataError, match=r"two: event 8 is not the one that .*another journal"):
        compact(_journal(tmp_path / "two", _plain(9, start=1)), out)
    with pytest.raises(DataError, match=r"three: ends earlier, but .* up to 8"):
        compact(_journal(tmp_path / "three", _plain(3)), out)


def test_deleted_segments_are_no_matter_once_they_are_compacted(tmp_path: Path) -> None:
    written, out = _plain(60), tmp_path / "parquet"
    journal = _journal(tmp_path / "log", written)
    compact(journal, out)
    for path in sorted(journal.glob("*.log"))[:-1]:
        path.unlink()
    _journal(journal, _plain(3, start=60))
    compact(journal, out)
    assert same(open_log(out), [*written, *_plain(3, start=60)])


def test_a_gap_between_them_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "parquet"
    journal = _journal(tmp_path / "log", _plain(2))
    compact(journal, out)
    _journal(journal, _plain(60, start=2))
    for path in sorted(journal.glob("*.log"))[:-1]:
        path.unlink()
    with pytest.raises(DataError, match=r"log: begins with event \d+, but .* up to 1"):
        compact(journal, out)


@pytest.mark.parametrize("which", [0, -1])
def test_a_missing_file_is_noticed(tmp_path: Path, which: int) -> None:
    out = tmp_path / "parquet"
    compact(_journal(tmp_path / "log", _plain(20)), out, batch=6)
    sorted(out.rglob("*.parquet"))[which].unlink()
    with pytest.raises(DataError, match=r"event \d+ is missing or there twice"):
        list(open_log(out))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    out = tmp_path / "parquet"
    compact(_journal(tmp_path / "log", _plain(2)), out)
    path = next(out.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"part-0+\.parquet: damaged"):
        list(open_log(out))


def test_files_without_a_note_are_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "parquet"
    journal = _journal(tmp_path / "log", _plain(2))
    compact(journal, out)
    (out / NOTE).unlink()
    with pytest.raises(DataError, match=r"holds files but no _compacted\.json"):
        compact(journal, out)
    (out / NOTE).write_text("{}}")
    with pytest.raises(DataError, match="not a note of a compaction"):
        compact(journal, out)


def test_one_compaction_a_folder(tmp_path: Path) -> None:
    journal = _journal(tmp_path / "log", _plain(2))
    lock = FolderLock(tmp_path, name="_writer.lock", what="compaction")
    with pytest.raises(DataError, match="another writer has this compaction"):
        compact(journal, tmp_path)
    lock.release()
    with pytest.raises(ConfigError, match="batch is 0"):
        compact(journal, tmp_path / "parquet", batch=0)


def test_a_column_that_was_added_later_has_its_default(tmp_path: Path) -> None:
    plain = settled(0, queue_s=3.0)
    table = to_table([(0, plain)]).drop_columns(["queue_s", "reported_input"])
    assert same([event for _, event in from_table(table)], [settled(0)])


def test_a_value_that_no_column_holds_is_named(tmp_path: Path) -> None:
    called = Called(
        learner="a", at=NOON, call_id="c", decision_id="d", arm="x", model="m",
        reserved_tokens=2**63,
    )  # fmt: skip
    journal = _journal(tmp_path / "log", [called])
    with pytest.raises(DataError, match=r"events 0 to 0, called\.reserved_tokens: a value does"):
        compact(journal, tmp_path / "parquet")
    assert encoded(called) == encoded(next(iter(open_log(journal))))
