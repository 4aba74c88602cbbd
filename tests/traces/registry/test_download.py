from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import DataError, IntegrityError
from gairp.traces.registry import atomic
from gairp.traces.registry.dataset import SourceFile
from gairp.traces.registry.download import Downloader, OfflineError
from gairp.traces.registry.progress import Progress

CONTENT = bytes(range(256)) * 2000
EXPECTED = SourceFile(path="f.bin", bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())


class Count(Progress):
    """Adds up what it is told."""

    def __init__(self) -> None:
        self.bytes = 0
        self.notes: list[str] = []

    def advance(self, count: int) -> None:
        self.bytes += count

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "f.bin"


@pytest.fixture
def progress() -> Count:
    return Count()


@pytest.fixture
def downloader(progress: Count) -> Downloader:
    return Downloader(progress=progress, pause_s=0.0)


@pytest.fixture
def url(server: Any) -> str:
    server.files["/f.bin"] = CONTENT
    return f"{server.url}/f.bin"


def part_of(target: Path) -> Path:
    return target.with_name("f.bin.part")


def test_a_whole_file_arrives_under_its_name(
    url: str, target: Path, downloader: Downloader, progress: Count
) -> None:
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert progress.bytes == len(CONTENT)


def test_a_cut_connection_is_continued_where_it_broke(
    server: Any, url: str, target: Path, downloader: Downloader, progress: Count
) -> None:
    server.cuts = [65_536, 131_072, None]
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    ranges = [wanted for _, wanted in server.requests]
    assert ranges == [None, "bytes=65536-", "bytes=196608-"]
    assert progress.bytes == len(CONTENT)


def test_a_part_of_an_earlier_process_is_continued(
    server: Any, url: str, target: Path, downloader: Downloader
) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:12_345])
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert server.requests == [("/f.bin", "bytes=12345-")]


def test_a_whole_part_needs_no_request(
    server: Any, url: str, target: Path, downloader: Downloader
) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert server.requests == []


def test_a_server_that_ignores_ranges_sends_all_again(
    server: Any, url: str, target: Path, downloader: Downloader, progress: Count
) -> None:
    server.ranges, server.cuts = False, [100_000, None]
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert progress.bytes == len(CONTENT)


@pytest.mark.parametrize("stale", [b"something else", b"x" * (len(CONTENT) + 5)])
def test_a_part_of_another_file_is_dropped_and_fetched_anew(
    server: Any, url: str, target: Path, downloader: Downloader, progress: Count, stale: bytes
) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(stale)
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert progress.bytes == len(CONTENT)
    assert progress.notes == ["f.bin: the resumed part does not fit, starting anew"]


def test_a_wrong_hash_leaves_nothing_and_tells_both(
    server: Any, url: str, target: Path, downloader: Downloader
) -> None:
    server.files["/f.bin"] = wrong = CONTENT[:-1] + b"!"
    with pytest.raises(IntegrityError) as info:
        downloader.get(url, target, EXPECTED)
    message = str(info.value)
    assert hashlib.sha256(wrong).hexdigest() in message
    assert str(EXPECTED.sha256) in message
    assert "run the same command again" in message
    assert list(target.parent.iterdir()) == []


def test_a_git_blob_id_is_checked_too(url: str, target: Path, downloader: Downloader) -> None:
    with pytest.raises(IntegrityError, match=r"git blob id is .* registered is 00000"):
        downloader.get(url, target, SourceFile(path="f.bin", blob="0" * 40))


def test_a_file_that_is_gone_says_so_at_once(
    server: Any, target: Path, downloader: Downloader
) -> None:
    with pytest.raises(DataError, match=r"/gone: the host answered 404.*GAIRP_DATA_MIRROR"):
        downloader.get(f"{server.url}/gone", target, EXPECTED)
    assert len(server.requests) == 1
    assert not target.exists()


def test_a_busy_host_is_asked_again(
    server: Any, url: str, target: Path, downloader: Downloader
) -> None:
    server.statuses = [503, 429]
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_attempts_end(server: Any, url: str, target: Path) -> None:
    server.statuses = [500] * 10
    with pytest.raises(OfflineError, match="the host answered 500"):
        Downloader(attempts=3, pause_s=0.0).get(url, target, EXPECTED)
    assert len(server.requests) == 3


def test_an_unreachable_host_is_told_with_the_remedy(target: Path) -> None:
    with pytest.raises(OfflineError, match=r"check the network .* continues where it stopped"):
        Downloader(attempts=1).get("http://127.0.0.1:9/f.bin", target, EXPECTED)


def test_a_full_disk_keeps_the_part_and_names_the_remedy(
    server: Any, url: str, target: Path, downloader: Downloader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:10])
    monkeypatch.setattr(Downloader, "_store", full)
    with pytest.raises(DataError, match=r"disk that holds .* is full .*GAIRP_DATA_DIR"):
        downloader.get(url, target, EXPECTED)
    assert part_of(target).read_bytes() == CONTENT[:10]


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match=r"cannot write .*GAIRP_DATA_DIR"),
        atomic.disk_errors(tmp_path),
    ):
        raise PermissionError(errno.EACCES, "Permission denied")


KILLED = """
import sys
from pathlib import Path
from gairp.traces.registry.dataset import SourceFile
from gairp.traces.registry.download import Downloader
file = SourceFile(path="f.bin", bytes=512000)
Downloader(attempts=1000, pause_s=0.05).get(sys.argv[1], Path(sys.argv[2]), file)
"""


def test_kill_in_the_middle_leaves_only_the_part_and_the_next_run_continues(
    server: Any, url: str, target: Path, downloader: Downloader
) -> None:
    server.cuts = [65_536, *[0] * 2000]
    process = subprocess.Popen([sys.executable, "-c", KILLED, url, str(target)])
    deadline = time.monotonic() + 30
    while not (part_of(target).exists() and part_of(target).stat().st_size == 65_536):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(target.parent.iterdir()) == [part_of(target)]

    server.cuts, server.requests = [], []
    downloader.get(url, target, EXPECTED)
    assert target.read_bytes() == CONTENT
    assert server.requests[0] == ("/f.bin", "bytes=65536-")
