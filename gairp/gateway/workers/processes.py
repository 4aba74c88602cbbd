"""What the two kinds of children do."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gairp.errors import DataError
from gairp.gateway.app import create_app
from gairp.gateway.serving import run_app
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.workers.learner import learn
from gairp.gateway.workers.part import Part, folder_of
from gairp.gateway.workers.port import worker_socket
from gairp.gateway.workers.shares import share_of
from gairp.gateway.workers.stop import Stop
from gairp.records.folder_lock import FolderLock

_LOCKED_S = 60.0


def run_learner(
    settings: GatewaySettings, part: Part, stop: Stop, ready: Callable[[], object]
) -> None:
    """A signal to all of a service, or a Ctrl-C, is for the parent, which ends this one last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop.ask)
    stop.watch()
    _wait_for(settings.folder() / "journal", stop)
    asyncio.run(learn(settings, part, stop, ready))


def run_worker(
    settings: GatewaySettings,
    part: Part,
    stop: Stop,
    ready: Callable[[], object],
    held: socket.socket,
) -> None:
    """SIGTERM drains, as it does a gateway of one process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    stop.watch()
    _wait_for(folder_of(settings.folder(), part.name) / "journal", stop)
    _wait_for_line(part.line)
    mine = share_of(settings, part)
    run_app(create_app(mine, part), mine, sockets=[worker_socket(held)], ready=ready)


def _wait_for_line(path: str) -> None:
    """Before there is a loop: until then a signal ends the process at once."""
    while True:
        with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.connect(path)
            return
        time.sleep(0.05)


def _wait_for(journal: Path, stop: Stop) -> None:
    """One of before, whose parent was killed, may still be finishing its requests."""
    due = time.monotonic() + _LOCKED_S
    while journal.is_dir():
        try:
            FolderLock(journal).release()
        except DataError:
            if time.monotonic() > due or stop.asked:
                raise
            time.sleep(0.05)
        else:
            return
