"""The feeds in a process of their own, so that no thread takes the interpreter from the requests.

A thread that is busy holds the interpreter for milliseconds whenever a request lets go of it for
an instant, at a write say: the slowest requests then wait for the database after all.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from gairp.gateway.feeds.plan import FeedPlan
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")


class FeedProcess:
    """Starts it, hears how far it is, and starts it anew where it ends before its time."""

    def __init__(self, plan: FeedPlan, *, retry_s: float = 1.0) -> None:
        self._plan, self._retry_s = plan, retry_s
        self._positions: dict[str, int] = {}
        self._closing = threading.Event()
        self._process = self._started()
        self._thread = threading.Thread(target=self._hear, name="gairp-feeds", daemon=True)

    @property
    def positions(self) -> Mapping[str, int]:
        """How far each feed has come in the journal, by its name."""
        return dict(self._positions)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def start(self) -> None:
        """Begin to listen to it."""
        self._thread.start()

    def close(self, timeout_s: float = 30.0) -> None:
        """Let it take what is left, at most so long; the rest is taken at the next start."""
        self._closing.set()
        process = self._process
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            note(_LOG, logging.WARNING, "feeds.behind",
                 "ledger and audit log are behind; they catch up at the next start")  # fmt: skip
            process.kill()
            process.wait()
        self._thread.join(1.0)

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "gairp.gateway.feeds"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(self._plan) + b"\n")
        process.stdin.flush()
        return process

    def _hear(self) -> None:
        while True:
            process = self._process
            assert process.stdin is not None
            assert process.stdout is not None
            with process.stdout as said:
                for line in said:
                    name, _, seq = line.decode().partition(" ")
                    self._positions[name] = int(seq)
            code = process.wait()
            with suppress(OSError):
                process.stdin.close()
            if self._closing.wait(self._retry_s):
                return
            note(_LOG, logging.ERROR, "feeds.restarted",
                 f"the process of ledger and audit log ended ({code}); it is started anew",
                 code=code)  # fmt: skip
            self._process = self._started()
