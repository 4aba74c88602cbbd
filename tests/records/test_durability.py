"""Whatever was appended is there after kill -9, and after `sync` it has reached the disk."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.records.events import Settled
from gairp.records.journal import Durability, Journal, read_events
from tests.conftest import ROOT
from tests.records.event_cases import settled

WRITER = """
import sys
from gairp.records.journal import Journal
from tests.records.event_cases import settled
journal = Journal(sys.argv[1], segment_bytes=20_000)
number = journal.seq
while True:
    journal.append(settled(number))
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def test_kill_9_loses_no_appended_event(tmp_path: Path) -> None:
    said = -1
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        for _ in range(300):
            said = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split(b"\n")
        writer.stdout.close()
        writer.wait()
        said = int(rest[-2]) if len(rest) > 1 else said
        there = [event.call_id for event in read_events(tmp_path) if isinstance(event, Settled)]
        assert there == [settled(number).call_id for number in range(len(there))]
        assert len(there) in (said + 1, said + 2)  # appended, perhaps, and not yet said
        said = len(there) - 1
    assert len(list(tmp_path.glob("*.log"))) > 5


def test_a_reader_follows_a_writer(tmp_path: Path) -> None:
    total, seen = 3000, 0

    def write() -> None:
        with Journal(tmp_path, segment_bytes=5000) as journal:
            for number in range(total):
                journal.append(settled(number))

    Journal(tmp_path).close()
    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        count = sum(1 for _ in read_events(tmp_path))
        assert count >= seen
        seen = count
    writer.join()
    assert sum(1 for _ in read_events(tmp_path)) == total


def test_threads_may_append_at_once(tmp_path: Path) -> None:
    with Journal(tmp_path, segment_bytes=5000) as journal:

        def write(start: int) -> None:
            for number in range(start, start + 200):
                journal.append(settled(number))

        threads = [threading.Thread(target=write, args=(1000 * i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.seq == 800
    there = [event.call_id for event in read_events(tmp_path) if isinstance(event, Settled)]
    assert sorted(there) == [
        settled(1000 * i + number).call_id for i in range(4) for number in range(200)
    ]


class _Disk:
    """Counts what is brought to it, and may refuse."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.flushes, self.refuses = 0, False
        self.gate = threading.Event()
        self.gate.set()
        monkeypatch.setattr("gairp.records.journal.os.fdatasync", self)

    def __call__(self, fd: int) -> None:
        self.gate.wait()
        self.flushes += 1
        if self.refuses:
            raise OSError(5, "Input/output error")


def test_waiters_share_a_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = _Disk(monkeypatch)

    async def many() -> None:
        disk.gate.clear()
        waiting = []
        for number in range(50):
            journal.append(settled(number))
            waiting.append(asyncio.create_task(journal.sync()))
            await asyncio.sleep(0)
        waiting[3].cancel()
        disk.gate.set()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(r) for r in results if r is not None] == [asyncio.CancelledError]

    with Journal(tmp_path, durability="power") as journal:
        asyncio.run(many())
        assert disk.flushes == 2  # the first one's, and one for all who came while it ran
        asyncio.run(journal.sync())
        journal.sync_now()
        assert disk.flushes == 2
        journal.append(settled(50))
        journal.sync_now()
        assert disk.flushes == 3


def test_full_segments_reach_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = _Disk(monkeypatch)
    with Journal(tmp_path, durability="power", segment_bytes=400) as journal:
        for number in range(3):
            journal.append(settled(number))
        journal.sync_now()
        assert disk.flushes == 3
    assert len(list(read_events(tmp_path))) == 3


def test_process_durability_waits_for_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _Disk(monkeypatch)
    with Journal(tmp_path) as journal:
        journal.append(settled(0))
        asyncio.run(journal.sync())
        journal.sync_now()
    assert disk.flushes == 0


def test_a_refusing_disk_fails_every_waiter_and_ends_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _Disk(monkeypatch)

    async def two() -> list[object]:
        return [*await asyncio.gather(journal.sync(), journal.sync(), return_exceptions=True)]

    with Journal(tmp_path, durability="power") as journal:
        journal.append(settled(0))
        disk.refuses = True
        assert [type(result) for result in asyncio.run(two())] == [DataError, DataError]
        disk.refuses = False
        with pytest.raises(DataError, match="not brought to the disk"):
            journal.append(settled(1))
        with pytest.raises(DataError, match="not brought to the disk"):
            journal.sync_now()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_no_file_stays_open(tmp_path: Path, durability: Durability) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Journal(tmp_path, durability=durability, segment_bytes=400) as journal:
        for number in range(5):
            journal.append(settled(number))
        journal.sync_now()
    assert len(os.listdir("/proc/self/fd")) == before
