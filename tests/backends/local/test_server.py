"""Starting a server, and every reason why it may not start."""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path

import pytest

from gairp.backends.local import memory
from gairp.errors import BackendError
from tests.backends.local.fake_local_server import FakeLocalServer


def test_a_server_starts_once_and_takes_its_log_along() -> None:
    server = FakeLocalServer(says={"metrics": "vllm:num_requests_running 2\n"})
    assert server.start() == server.start() == server.address
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.address)
    load = server.load()
    assert load is not None
    assert load.running == 2.0
    assert server.died() is None
    assert server._child is not None
    log = server._child.log
    assert log.read_text() == "loading\n"
    server.stop()
    assert not log.exists()
    assert server.address == ""


def test_a_server_can_be_started_again() -> None:
    server = FakeLocalServer(says={})
    for _ in range(2):
        with server:
            assert server.died() is None


def test_the_log_stays_in_the_folder_of_the_run(tmp_path: Path) -> None:
    with FakeLocalServer(says={"says": "hello"}, log_dir=str(tmp_path / "logs")):
        pass
    (log,) = (tmp_path / "logs").iterdir()
    assert re.fullmatch(r"fake-toy-\d+\.log", log.name)
    assert log.read_text() == "hello\n"


def test_waiting_says_what_for_and_how_long(capfd: pytest.CaptureFixture[str]) -> None:
    with FakeLocalServer(says={"delay_s": 0.7}, progress_every_s=0.2):
        pass
    lines = capfd.readouterr().err.splitlines()
    assert 2 <= len(lines) <= 4
    for line in lines:
        assert re.fullmatch(
            r"waiting for the fake server for toy on port \d+: \d s \(log: .*\)", line
        )


def test_an_early_end_is_quoted(tmp_path: Path) -> None:
    says = {"says": "CUDA is not for you\nso I leave", "exit": 7}
    with pytest.raises(BackendError) as caught:
        FakeLocalServer(says=says, log_dir=str(tmp_path)).start()
    message = str(caught.value)
    assert "the fake server for toy ended with exit code 7 while it started" in message
    assert "is it a fake?" in message
    assert message.endswith("CUDA is not for you\nso I leave")
    assert str(tmp_path) in message


def test_a_start_has_its_time() -> None:
    server = FakeLocalServer(says={"delay_s": 60}, start_timeout_s=0.4, stop_grace_s=0.2)
    with pytest.raises(BackendError, match=r"within 0\.4 s; raise start_timeout_s if") as caught:
        server.start()
    assert str(caught.value).endswith("loading")


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            BackendError, match=rf"port {port} of .* \(Address already in use\); set"
        ):
            FakeLocalServer(says={}, port=port).start()


def test_memory_is_asked_for_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: memory.GIB)
    server = FakeLocalServer(says={}, needs=3 * memory.GIB)
    with pytest.raises(BackendError, match=r"about 3\.0 GiB of memory and 1\.0 GiB is available"):
        server.start()
    with FakeLocalServer(says={}, needs=3 * memory.GIB, check_memory=False) as server:
        assert server.pid > 0


def test_an_interpreter_that_is_not_there_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"cannot run .*/none: No such file or directory"):
        FakeLocalServer(says={}, python=str(tmp_path / "none")).start()


def test_a_stop_ends_a_start_that_another_thread_waits_for() -> None:
    server = FakeLocalServer(says={"delay_s": 60}, stop_grace_s=0.2)
    errors: list[str] = []

    def start() -> None:
        try:
            server.start()
        except BackendError as error:
            errors.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    time.sleep(0.3)
    server.stop()
    thread.join(timeout=10)
    assert errors == ["the fake server for toy was stopped while it started"]


def test_a_server_that_does_not_run_has_no_process() -> None:
    with pytest.raises(BackendError, match="is not running"):
        FakeLocalServer(says={}).pid  # noqa: B018
