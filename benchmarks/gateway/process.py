"""Processes on a core of their own, which sleep while another is measured."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
LOAD_CORE, GATEWAY_CORE = 0, 1


class Process:
    """A server and its children, in a session of their own, on one core."""

    def __init__(
        self, command: Sequence[str], *, core: int, log: Path, environment: Mapping[str, str]
    ) -> None:
        self.log = log
        with log.open("wb") as output:
            self._popen = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "GOMAXPROCS": "1", **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self._popen.wait(10)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._popen.wait()

    def signal(self, number: signal.Signals) -> None:
        """To all of its session."""
        try:
            os.killpg(self._popen.pid, number)
        except ProcessLookupError:
            return

    def ready(self, port: int, within_s: float) -> bool:
        """Wait until somebody listens."""
        due = time.monotonic() + within_s
        while time.monotonic() < due and self._popen.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return True
            time.sleep(0.1)
        return False

    def said(self) -> str:
        """The end of what it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-800:]

    def resident_mb(self) -> float:
        """Resident memory of the session, in MB; what its processes share counts for each."""
        return (
            sum(int(fields[_RSS]) for fields in self._stats()) * os.sysconf("SC_PAGE_SIZE") / 2**20
        )

    def cpu_s(self) -> float:
        """Processor time of the session so far, in seconds."""
        ticks = sum(int(fields[_USER]) + int(fields[_SYSTEM]) for fields in self._stats())
        return ticks / os.sysconf("SC_CLK_TCK")

    def _stats(self) -> list[list[str]]:
        """The fields of /proc/PID/stat behind the name, of each process of the session."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if int(fields[_SESSION]) == self._popen.pid:
                found.append(fields)
        return found


#: Where the fields stand behind the name, see proc(5).
_SESSION, _USER, _SYSTEM, _RSS = 3, 11, 12, 21


def free_port() -> int:
    """One that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
