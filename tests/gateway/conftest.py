"""A real PostgreSQL and a real Redis, where there are."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

import gairp.gateway.audit.tables
import gairp.gateway.content.tables
import gairp.gateway.ledger.tables
import gairp.gateway.tenants.tables  # noqa: F401
from gairp.gateway.database.metadata import METADATA
from gairp.gateway.database.store import open_store
from tests.gateway.redis_server import redis_url

__all__ = ["redis_url"]


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
        pytest.skip("NO POSTGRESQL: the database is tested on SQLite alone; "
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
    said = []
    for line in server.stderr:
        said.append(line)
        if "ready to accept connections" in line:
            break
    else:
        pytest.fail(f"postgres did not start: {''.join(said)[-500:]}")
    yield f"postgresql://gairp@127.0.0.1:{port}/postgres"
    server.terminate()
    server.wait()
    server.stderr.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database without rows."""
    if request.param == "sqlite":
        engine = open_store(f"sqlite:///{tmp_path}/ledger.db")
    else:
        engine = open_store(request.getfixturevalue("postgres_url"))
        with engine.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                if table.name != "account_changes":
                    connection.execute(table.delete())
    yield engine
    engine.dispose()
