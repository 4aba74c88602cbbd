"""A process that is started, stopped and killed again and again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gairp.errors import GairpError

ROOT = Path(__file__).resolve().parents[2]


class SoakError(GairpError):
    """The soak itself could not go on; it says nothing of what it tests."""


class Child:
    """What it prints is appended to `log`; `port` is where it listens."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        port: int,
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        self.log, self.port = log, port
        self._command, self._folder = list(command), folder
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """It has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pids(self) -> list[int]:
        """Its process, if there is one."""
        return [] if self._process is None else [self._process.pid]

    def kill_own(self, module: str) -> int:
        """As `kill -9` of those below it that run this module; how many there were."""
        found = [pid for pid in self.pids for pid in _below(pid) if module in _command(pid)]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)

    def start(self, within_s: float = 60.0) -> None:
        """Start it, and wait until it listens; SoakError where it does not."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        due = time.monotonic() + within_s
        while time.monotonic() < due and self.alive:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.kill()
        raise SoakError(f"{self._command[0]} does not listen on port {self.port}: {self.said()}")

    def kill_all(self) -> None:
        """As `kill -9` of it and of its own children, at once."""
        for child in [child for pid in self.pids for child in _children(pid)]:
            if "gairp.gateway.feeds" not in _command(child):  # ends by itself, having taken all
                os.kill(child, signal.SIGKILL)
        self.kill()

    def kill(self) -> None:
        """As `kill -9`."""
        self._end(signal.SIGKILL, 10.0)

    def stop(self, number: signal.Signals = signal.SIGTERM, within_s: float = 60.0) -> None:
        """Ask it to end, and wait; SoakError where it does not, and then it is killed."""
        if not self._end(number, within_s):
            self.kill()
            raise SoakError(
                f"{self._command[0]} did not end within {within_s:.0f} s: {self.said()}"
            )

    def said(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-800:]

    def _end(self, number: signal.Signals, within_s: float) -> bool:
        process = self._process
        if process is None or process.poll() is not None:
            return True
        process.send_signal(number)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True


def _children(pid: int) -> list[int]:
    """The fourth field of /proc/PID/stat is the parent's; a name may hold blanks."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def _below(pid: int) -> list[int]:
    """Children, and theirs."""
    return [each for child in _children(pid) for each in (child, *_below(child))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""  # it has just ended


def free_port() -> int:
    """One that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
