"""A `LocalServer` around the fake program, and a way to see who is alive."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

from gairp.backends.local.metrics import vllm_load
from gairp.backends.local.server import Launch, LocalServer, fetch
from gairp.types import ServerLoad

PROGRAM = Path(__file__).with_name("fake_model_server.py")


class FakeLocalServer(LocalServer):
    kind = "fake"
    suspicion = "is it a fake?"

    def __init__(self, *, needs: int = 0, says: dict[str, Any], **launch: Unpack[Launch]) -> None:
        super().__init__(model="toy", **launch)
        self.needs, self.says = needs, says
        self.launches = 0

    def check(self) -> None:
        return None

    def command(self, port: int) -> list[str]:
        self.launches += 1
        return [self.python, str(PROGRAM), json.dumps({**self.says, "port": port})]

    def memory_needed(self) -> int:
        return self.needs

    def load(self) -> ServerLoad | None:
        text = fetch(self.address, "/metrics") if self.address else None
        return None if text is None else vllm_load(text)


def alive(pids: Sequence[int]) -> list[int]:
    """Those that run; a zombie does not."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        found += [pid] if state != "Z" else []
    return found


def wait_until_gone(pids: Sequence[int], timeout_s: float = 20.0) -> list[int]:
    """Who is left after at most that long: more than a supervisor's grace and its killing take."""
    deadline = time.monotonic() + timeout_s
    while (left := alive(pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def supervisor_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def read_pids(path: Path) -> list[int]:
    deadline = time.monotonic() + 10
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    pids: list[int] = json.loads(path.read_text())
    assert pids[0] != os.getpid()
    return pids
