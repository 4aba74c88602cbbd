"""A gateway of several processes before a fake server, each worker asked by name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from sqlalchemy import func, select

from gairp.backends.fake import FakeServer
from gairp.gateway.database.store import open_store
from gairp.gateway.ledger.tables import ATTEMPTS
from gairp.gateway.workers.part import worker_of
from tests.gateway.world import MODELS, PRICE_FILE, settings

PATIENT_S = 60.0
_SERVE = """
import sys, msgspec
from gairp.gateway.serving import serve
from gairp.gateway.settings import GatewaySettings
serve(msgspec.json.decode(sys.stdin.buffer.read(), type=GatewaySettings))
"""


class Cluster:
    """The processes, and a client whose connections say which worker they are at."""

    def __init__(self, fake: FakeServer, home: Path, **more: Any) -> None:
        home.mkdir(exist_ok=True)
        (home / "prices.yaml").write_text(PRICE_FILE)
        more = {
            "workers": 2, "floor": 0.2, "publish": {"learns": 4, "after_s": 0.02},
            "snapshot_every_s": 0.2, "feeds": "process", "port": _free_port(),
            "prices": {"user_files": [str(home / "prices.yaml")]}, **more,
        }  # fmt: skip
        self.home, self.settings = home, settings(fake.base_url, home, **more)
        self.log = home / "log"
        self._clients: dict[str, httpx2.Client] = {}
        with self.log.open("wb") as log:
            self.parent = subprocess.Popen(
                [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stderr=log
            )
        assert self.parent.stdin is not None
        self.parent.stdin.write(msgspec.json.encode(self.settings))
        self.parent.stdin.close()
        until(lambda: "gateway  http" in self.said(), "it serves")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def said(self) -> str:
        return self.log.read_text()

    # -- asking ----------------------------------------------------------------------------

    def at(self, worker: str) -> httpx2.Client:
        """A connection to this worker."""
        found = self._clients.get(worker)
        due = time.monotonic() + PATIENT_S
        while found is None:
            assert time.monotonic() < due, f"no connection leads to worker {worker}"
            client = httpx2.Client(base_url=self.url, timeout=30.0)
            try:
                name = self._worker(client)
            except httpx2.TransportError:
                client.close()
                time.sleep(0.05)
                continue
            if self._clients.setdefault(name, client) is not client:
                client.close()
            found = self._clients.get(worker)
        return found

    def _worker(self, client: httpx2.Client) -> str:
        """Of a request that is wrong, so that no call is made."""
        name = client.post("/v1/chat/completions", content=b"{}").headers["x-request-id"]
        worker = worker_of(name)
        assert worker is not None
        return worker

    def ask(self, worker: str, model: str = "gairp/auto", text: str = "hello") -> httpx2.Response:
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        answer = self.at(worker).post("/v1/chat/completions", json=body)
        answer.raise_for_status()
        return answer

    def tell(self, worker: str, decision: str, score: float) -> str:
        told = self.at(worker).post("/v1/feedback", json={"decision_id": decision, "score": score})
        assert told.status_code == 200, told.text
        return str(told.json()["status"])

    def lost(self, worker: str) -> None:
        """Its connections lead nowhere any more."""
        with suppress(KeyError):
            self._clients.pop(worker).close()

    # -- processes -------------------------------------------------------------------------

    def children(self) -> list[int]:
        """The learner, then the workers, in the order of their start."""
        return sorted(_children(self.parent.pid))

    def pid(self, name: str) -> int:
        """Of the process that writes this journal."""
        folder = self.home if name == "learner" else self.home / "workers" / name
        return int((folder / "journal" / "writer.lock").read_text())

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)
        self.lost(name)

    def kill_all(self, pids: list[int]) -> None:
        """The parent is among them."""
        self._hang_up()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        self.parent.wait()

    def _hang_up(self) -> None:
        for worker in list(self._clients):
            self.lost(worker)

    def stop(self) -> int:
        self._hang_up()
        self.parent.terminate()
        return self.parent.wait(60)


@contextmanager
def cluster(home: Path, *, faults: list[Any] | None = None, **more: Any) -> Iterator[Cluster]:
    """Ended in order, or killed where that was not done."""
    program: Mapping[str, Any] = {"models": dict(MODELS), "faults": faults or []}
    with FakeServer(program).in_thread() as fake:
        it = Cluster(fake, home, **more)
        try:
            yield it
        except BaseException:
            print(it.said())
            raise
        finally:
            if it.parent.poll() is None:
                it.stop()


def until(holds: Any, what: str, within_s: float = PATIENT_S) -> None:
    """Wait for a condition."""
    due = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < due, f"waited in vain: {what}"
        time.sleep(0.02)


def rows(home: Path) -> dict[str, int]:
    """Attempts in the ledger, by state."""
    store = open_store(f"sqlite:///{home}/ledger.db")
    try:
        with store.connect() as connection:
            query = select(ATTEMPTS.c.state, func.count()).group_by(ATTEMPTS.c.state)
            return {str(state): int(count) for state, count in connection.execute(query)}
    finally:
        store.dispose()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(path.parent.name))
    return found


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
