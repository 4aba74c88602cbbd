"""A real PostgreSQL, where there is one."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def _program(name: str) -> str | None:
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else shutil.which(name)


def _as_nobody(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that ends with the tests."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None or (os.geteuid() == 0 and not shutil.which("setpriv")):
        pytest.skip("NO POSTGRESQL: the ledger is tested on SQLite alone; "
                    "run: apt-get install postgresql")  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("postgres")
    root = os.geteuid() == 0
    if root:
        for parent in (folder, *folder.parents[:3]):
            parent.chmod(0o755)
        os.chown(folder, 65534, 65534)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    make = [initdb, "-D", data, "-U", "gairp", "--auth=trust", "--no-sync"]
    done = subprocess.run(_as_nobody(make) if root else make, capture_output=True, text=True,
                          cwd=folder, check=False)  # fmt: skip
    if done.returncode:
        pytest.skip(f"NO POSTGRESQL: initdb failed: {done.stderr[-200:]}")
    serve = [postgres, "-D", data, "-p", str(port), "-c", f"unix_socket_directories={folder}",
             "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]  # fmt: skip
    server = subprocess.Popen(
        _as_nobody(serve) if root else serve, cwd=folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stderr is not None
    for line in server.stderr:
        if "ready to accept connections" in line:
            break
    yield f"postgresql://gairp@127.0.0.1:{port}/postgres"
    server.terminate()
    server.wait()
    server.stderr.close()
