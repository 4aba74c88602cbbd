"""Nothing of a server outlives the process that started it, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.backends.local.fake_local_server import (
    FakeLocalServer,
    alive,
    read_pids,
    supervisor_of,
    wait_until_gone,
)

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def start_owner(pids: Path, then: str) -> subprocess.Popen[str]:
    """A process that starts a server with a family, says so, and goes on with `then`."""
    code = f"""
        import os, sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from tests.backends.local.fake_local_server import FakeLocalServer
        server = FakeLocalServer(says={{"pids": {str(pids)!r}}}, stop_grace_s=0.5)
        server.start()
        print("started", server.pid, flush=True)
        {then}
    """
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline().startswith("started")
    return owner


def test_the_whole_family_dies_with_an_owner_killed_by_9(tmp_path: Path) -> None:
    owner = start_owner(tmp_path / "pids", "time.sleep(600)")
    pids = read_pids(tmp_path / "pids")
    family = [*pids, supervisor_of(pids[0])]
    assert alive(family) == family
    owner.kill()
    owner.communicate()
    assert wait_until_gone(family) == []


def test_a_forked_copy_of_the_owner_does_not_keep_them_alive(tmp_path: Path) -> None:
    fork = "print('fork', os.fork() or time.sleep(600), flush=True); time.sleep(600)"
    owner = start_owner(tmp_path / "pids", fork)
    assert owner.stdout is not None
    copy = int(owner.stdout.readline().split()[1])
    pids = read_pids(tmp_path / "pids")
    try:
        owner.kill()
        owner.wait()
        assert alive([copy]) == [copy]  # it holds the pipe open, and still
        assert wait_until_gone(pids) == []
    finally:
        os.kill(copy, signal.SIGKILL)
        owner.communicate()


def test_they_die_with_an_owner_that_ends_without_a_word(tmp_path: Path) -> None:
    owner = start_owner(tmp_path / "pids", "pass")
    pids = read_pids(tmp_path / "pids")
    owner.communicate()
    assert wait_until_gone(pids) == []


def test_stop_ends_those_that_ignore_sigterm_and_those_that_hid(tmp_path: Path) -> None:
    server = FakeLocalServer(says={"pids": str(tmp_path / "pids")}, stop_grace_s=0.5)
    server.start()
    pids = read_pids(tmp_path / "pids")
    assert len(pids) == 3
    assert alive(pids) == pids
    server.stop()
    assert alive(pids) == []
    server.stop()


def test_the_rest_dies_when_the_server_itself_is_killed(tmp_path: Path) -> None:
    says = {"pids": str(tmp_path / "pids")}
    with FakeLocalServer(says=says, log_dir=str(tmp_path), stop_grace_s=0.5) as server:
        pids = read_pids(tmp_path / "pids")
        family = [*pids, supervisor_of(pids[0])]
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until_gone(family) == []
        assert "fake server for toy ended with exit code 137" in str(server.died())


def test_those_that_outlive_the_server_may_tidy_up(tmp_path: Path) -> None:
    says = {"tidies": str(tmp_path / "tidied")}
    with FakeLocalServer(says=says, log_dir=str(tmp_path)) as server:
        supervisor = supervisor_of(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until_gone([supervisor]) == []
        assert (tmp_path / "tidied").read_text() == "tidy"


def test_the_server_dies_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    with FakeLocalServer(says={}, log_dir=str(tmp_path)) as server:
        pid = server.pid
        os.kill(supervisor_of(pid), signal.SIGKILL)
        assert wait_until_gone([pid]) == []


def test_a_server_that_ends_while_it_starts_leaves_nobody(tmp_path: Path) -> None:
    server = FakeLocalServer(says={"pids": str(tmp_path / "pids"), "exit": 3}, stop_grace_s=0.5)
    with pytest.raises(Exception, match="exit code 3"):
        server.start()
    assert wait_until_gone(read_pids(tmp_path / "pids")) == []
