"""The parent: starts the learner and the workers, starts anew what ends, and ends them in order.

    parent ─┬─ learner   the one journal, all learning, ledger and audit log
            ├─ worker 1  requests
            └─ worker N  requests

It serves nothing and keeps nothing, so that there is little for it to die of. Where it is killed
all the same, its children see the end of a pipe that nobody else holds open, and end themselves.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from gairp.errors import ConfigError, GairpError
from gairp.gateway.servers import start_servers
from gairp.gateway.serving import started
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.workers.exposition import clear
from gairp.gateway.workers.part import LEARNER, Part
from gairp.gateway.workers.port import reserved
from gairp.gateway.workers.preload import preload
from gairp.gateway.workers.processes import run_learner, run_worker
from gairp.gateway.workers.stop import Stop
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_SOON_S, _LATEST_S = 0.1, 5.0
_CLOSING_S = 60.0  #: of the learner: ledger and audit log take what is left


@dataclass(slots=True)
class _Child:
    """A process that should be there."""

    name: str
    pid: int = 0  #: 0: it is not there
    ready: bool = False  #: it has served, at some time
    due: float = 0.0  #: when it is started
    since: float = 0.0
    delay_s: float = _SOON_S


class Supervisor:
    """Forks, so that a worker that died is back at once: all code is loaded."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        names = [LEARNER, *(str(n) for n in range(1, settings.workers + 1))]
        self._children = {name: _Child(name) for name in names}
        self._stopping = self._told = False
        self._started = time.monotonic()

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises ConfigError where a child never comes up."""
        with ExitStack() as stack:
            held = stack.enter_context(reserved(self.settings.host, self.settings.port))
            folder = Path(tempfile.mkdtemp(prefix="gairp-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            self.settings = start_servers(self.settings, stack)
            clear(self.settings.folder())
            self._open(held, folder / "learner.sock")
            self._port = held.getsockname()[1]
            try:
                self._watch()
            finally:
                self._end()

    def _open(self, held: socket.socket, line: Path) -> None:
        self._held, self._line = held, str(line)
        self._pipe, self._alive = os.pipe()  # closed by our end alone
        self._news, self._tell = os.pipe()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._news, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        preload(self.settings)
        gc.collect()
        gc.freeze()  # what is loaded is shared with the children, and stays so

    def _stop(self, *_: object) -> None:
        self._stopping = True

    # -- while it runs ---------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._stopping:
            self._start_due()
            self._wait(0.2)
            for child in self._ended():
                if not child.ready:
                    raise ConfigError("the gateway did not start; the lines above say why")
                self._again(child)

    def _start_due(self) -> None:
        """The learner first: where it does not come up, no worker needs to be ended."""
        now, learner = time.monotonic(), self._children[LEARNER]
        for child in self._children.values():
            if not child.pid and child.due <= now and (child is learner or learner.ready):
                self._fork(child)

    def _wait(self, seconds: float) -> None:
        """For a signal, or for news of a child."""
        ready, _, _ = select.select([self._woken, self._news], [], [], seconds)
        if self._woken in ready:
            os.read(self._woken, 4096)
        if self._news in ready:
            for name in os.read(self._news, 4096).decode().split():
                self._children[name].ready = True
            if not self._told and all(child.ready for child in self._children.values()):
                self._told = True
                started(self.settings, self._port)

    def _ended(self) -> list[_Child]:
        found = []
        for child in self._children.values():
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                child.pid = 0
                found.append(child)
        return found

    def _again(self, child: _Child) -> None:
        """Soon, and less soon each time where it does not last."""
        now = time.monotonic()
        lasted = now - child.since
        child.delay_s = _SOON_S if lasted > 10.0 else min(2.0 * child.delay_s, _LATEST_S)
        child.due = now + child.delay_s
        what = f"{_called(child.name)} ended after {lasted:.1f} s; it is started anew"
        note(_LOG, logging.ERROR, "process.ended", what, process=child.name, seconds=lasted)

    # -- the end ---------------------------------------------------------------------------

    def _end(self) -> None:
        """Workers first, so that the learner hears the last of them."""
        workers = [child for child in self._children.values() if child.name != LEARNER]
        self._told_to_end(workers, self.settings.drain_s + 10.0)
        self._told_to_end([self._children[LEARNER]], _CLOSING_S)

    def _told_to_end(self, children: list[_Child], within_s: float) -> None:
        due = time.monotonic() + within_s
        left = [child for child in children if child.pid]
        for child in left:
            os.kill(child.pid, signal.SIGTERM)
        while left and time.monotonic() < due:
            self._wait(0.05)
            self._ended()
            left = [child for child in left if child.pid]
        for child in left:
            note(_LOG, logging.ERROR, "process.killed", f"{_called(child.name)} does not end in "
                 "time; it is killed", process=child.name)  # fmt: skip
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)

    # -- children --------------------------------------------------------------------------

    def _fork(self, child: _Child) -> None:
        child.since = time.monotonic()
        child.pid = os.fork()
        if child.pid == 0:
            self._be(child.name)

    def _be(self, name: str) -> NoReturn:
        """In the child: be it until its end."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._alive)
        learner = name == LEARNER
        stop = Stop(self._pipe, within_s=self.settings.drain_s,
                    hard_s=_CLOSING_S if learner else 5.0)  # fmt: skip
        part = Part(
            number=0 if learner else int(name), of=self.settings.workers, line=self._line,
            started=self._started, again=self._children[name].ready,
        )  # fmt: skip

        def ready() -> None:
            self._children[name].ready = True
            os.write(self._tell, f"{name}\n".encode())

        plain = self.settings.log.format == "text"
        _exit(
            lambda: self._run(part, stop, ready),
            plain=lambda: plain and not self._children[name].ready,
        )

    def _run(self, part: Part, stop: Stop, ready: Callable[[], object]) -> None:
        if part.number == 0:
            run_learner(self.settings, part, stop, ready)
        else:
            run_worker(self.settings, part, stop, ready, self._held)


def _exit(run: Callable[[], None], *, plain: Callable[[], bool]) -> NoReturn:
    """Nothing of the parent's may be put away by a child: neither its files nor its servers.

    `plain`: why it does not start is for whoever starts it, in as many lines as that takes.
    """
    code = 1
    try:
        run()
        code = 0
    except GairpError as error:
        if plain():
            print(f"error: {error}", file=sys.stderr)
        else:
            note(_LOG, logging.ERROR, "process.failed", str(error))
        code = 2
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        note(_LOG, logging.ERROR, "process.failed", "a process failed", error=error)
    finally:
        sys.stderr.flush()
        os._exit(code)


def _called(name: str) -> str:
    return f"the {name}" if name == LEARNER else f"worker {name}"
