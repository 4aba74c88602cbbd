"""What a call takes of the machine: processor seconds of the server's process."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from gairp.types import Response


def processor_s(pid: int) -> float:
    """Processor seconds of all threads of a process so far, to the nanosecond.

    Raises OSError where there is no such process.
    """
    # The kernel's clock id of another process's CPU clock (clock_getcpuclockid(3)).
    return time.clock_gettime((~pid << 3) | 2)


class Reading:
    """The clocks when a call begins; `into` adds what it took to its response.

    A server that has died has no clock any more: what its backend says of that stays as it is.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._load = pid, os.getloadavg()[0]
        self._begun = math.nan
        with suppress(OSError):
            self._begun = processor_s(pid)

    def into(self, response: Response) -> Response:
        """With the signals `compute_s` and `load_average` (of the last minute, at the start)."""
        if response.error is not None and response.error.kind == "connection":
            return response  # the clock of a process that just died may still be there
        with suppress(OSError):
            spent = processor_s(self._pid) - self._begun
            signals = {**response.signals, "compute_s": spent, "load_average": self._load}
            return msgspec.structs.replace(response, signals=signals)
        return response


class Meter:
    """Lets one call at a time through: the clock of a process is that of all of its calls."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def call(self, pid: int) -> AsyncIterator[Reading]:
        """Wait for the turn, then begin to measure."""
        async with self._turn:
            yield Reading(pid)
