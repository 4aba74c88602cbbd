"""Ctrl-C in a run that talks to live models."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Protocol


class Stoppable(Protocol):
    """Begins nothing more once `stop` is set."""

    stop: asyncio.Event


class Interrupts:
    """The first Ctrl-C lets what is in flight finish; the second gives it up."""

    def __init__(self, session: Stoppable) -> None:
        self.session, self._task = session, asyncio.current_task()

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(sign, self._interrupt)
            except (NotImplementedError, ValueError, RuntimeError):
                return  # not in the main thread: whoever drives us decides

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.remove_signal_handler(sign)
            except (NotImplementedError, ValueError, RuntimeError):
                return

    def _interrupt(self) -> None:
        if self.session.stop.is_set():
            assert self._task is not None
            self._task.cancel()
            return
        self.session.stop.set()
        print(
            "\nstopping: what is in flight is finished and written; once more gives it up",
            file=sys.stderr,
        )
