"""A real PostgreSQL and a real Redis, below a folder of the run."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import subprocess
from pathlib import Path

from benchmarks.soak.child import Child, SoakError, free_port

_NOBODY = 65534


class Service:
    """Stopped and started in the middle; keeps its data."""

    def __init__(self, name: str, url: str, child: Child, stop_by: signal.Signals) -> None:
        self.name, self.url, self._child, self._stop_by = name, url, child, stop_by

    def start(self) -> None:
        """Until it listens."""
        self._child.start()

    def stop(self) -> None:
        """Who is connected is thrown out."""
        self._child.stop(self._stop_by)


def program(name: str) -> str | None:
    """Where it lies; Debian keeps those of PostgreSQL off the path."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else shutil.which(name)


def has_postgres() -> bool:
    """Whether PostgreSQL can be started here; it refuses to run as root."""
    there = program("initdb") is not None and program("postgres") is not None
    return there and (os.geteuid() != 0 or shutil.which("setpriv") is not None)


def has_redis() -> bool:
    """Whether Redis can be started here."""
    return program("redis-server") is not None


def postgres(folder: Path) -> Service:
    """A new database; SoakError where it cannot be made."""
    home, port = folder / "postgres", free_port()
    home.mkdir()
    if os.geteuid() == 0:
        for parent in (home, folder):
            parent.chmod(0o755)
        os.chown(home, _NOBODY, _NOBODY)
    data = str(home / "data")
    made = subprocess.run(
        [*_as_nobody(), str(program("initdb")), "-D", data, "-U", "gairp", "--auth=trust"],
        capture_output=True, text=True, cwd=home, check=False,
    )  # fmt: skip
    if made.returncode:
        raise SoakError(f"initdb failed: {made.stderr[-400:]}")
    command = [
        *_as_nobody(), str(program("postgres")), "-D", data, "-p", str(port),
        "-c", f"unix_socket_directories={home}", "-c", "listen_addresses=127.0.0.1",
    ]  # fmt: skip
    child = Child(command, log=folder / "postgres.log", port=port, folder=home)
    return Service(
        "PostgreSQL", f"postgresql://gairp@127.0.0.1:{port}/postgres", child, signal.SIGINT
    )


def redis(folder: Path) -> Service:
    """With every write in its log before it answers, so that a stop forgets nothing."""
    home, port = folder / "redis", free_port()
    home.mkdir()
    command = [
        str(program("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--dir",
        str(home), "--save", "", "--appendonly", "yes", "--appendfsync", "always",
    ]  # fmt: skip
    child = Child(command, log=folder / "redis.log", port=port, folder=home)
    return Service("Redis", f"redis://127.0.0.1:{port}/0", child, signal.SIGTERM)


def _as_nobody() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]
