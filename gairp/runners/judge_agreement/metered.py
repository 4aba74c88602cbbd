"""What a local judge costs: the processor time of its server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.meter import processor_s
from gairp.errors import ConfigError
from gairp.types import Arm, Chunk, Request, Response

_HOUR_S = 3600.0


class Metered:
    """Bills each call for the processor seconds that the server's process spends meanwhile.

    Calls go one at a time, so that they are told apart; waiting for a core costs nothing.
    `usd_per_core_hour` is an assumed price.
    """

    def __init__(self, *, backend: LocalBackend, usd_per_core_hour: float) -> None:
        if usd_per_core_hour < 0:
            raise ConfigError(f"usd_per_core_hour is {usd_per_core_hour}; give a number >= 0")
        self.backend, self.usd_per_core_hour = backend, usd_per_core_hour
        self._one = asyncio.Lock()

    async def complete(self, request: Request, arm: Arm) -> Response:
        """The whole answer, with its cost."""
        async with self._one:
            await self.backend.start()
            before = processor_s(self.backend.server.pid)
            response = await self.backend.complete(request, arm)
            if response.error is not None:
                return response  # the process may be gone, and its clock with it
            spent = processor_s(self.backend.server.pid) - before
        cost = spent * self.usd_per_core_hour / _HOUR_S
        return msgspec.structs.replace(response, cost_usd=cost)

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        """The whole answer as one piece."""
        yield Chunk(response=await self.complete(request, arm))

    async def aclose(self) -> None:
        """End the server."""
        await self.backend.aclose()
