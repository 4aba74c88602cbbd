"""A server that we start ourselves, asked over OpenAI's wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Any

import msgspec

from gairp.backends.local.meter import Meter, Reading
from gairp.backends.local.server import LocalServer
from gairp.backends.openai import OpenAIBackend
from gairp.errors import BackendError, GairpError
from gairp.protocols import Backend
from gairp.types import Arm, Chunk, Request, Response, ServerLoad

_MOMENTS, _MOMENT_S = 6, 0.05


class LocalBackend:
    """Starts `server` at `start`, or at the first call, and ends it at `aclose`.

    `wire` holds settings of `OpenAIBackend` beside the address. A server that cannot be started is
    an error of the settings and raises BackendError; one that dies later answers with a failure
    that quotes the end of its log, and is not started again. Arms may share one backend.
    `metered` makes one call at a time and tells what it took of the processor, in seconds: the
    signal `compute_s`, which `live.prices.usd_per_core_hour` prices. Nothing else is then asked of
    the server, its load neither. Raises ConfigError for a setting of `wire` that is wrong.
    """

    def __init__(
        self,
        *,
        server: LocalServer,
        wire: Mapping[str, Any] | None = None,
        metered: bool = False,
    ) -> None:
        self._meter = Meter() if metered else None
        # A server that closes an idle connection as we write to it looks like one that has died;
        # opening one a call costs nothing beside a local model.
        self.server, self._wire_settings = server, {"max_keepalive_connections": 0, **(wire or {})}
        OpenAIBackend(
            base_url="http://127.0.0.1/v1", **self._wire_settings
        )  # wrong ones say so now
        self._opening: asyncio.Task[Backend] | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the server and wait until it answers; nothing more where it runs already.

        Raises BackendError, or MissingDependencyError, with the reason and what to do.
        """
        await self._ready()

    async def complete(self, request: Request, arm: Arm) -> Response:
        """The whole answer, timed to its first and last token."""
        wire = await self._ready()
        async with self._reading() as reading:
            return await self._told(_read(reading, await wire.complete(request, arm)))

    async def stream(self, request: Request, arm: Arm) -> AsyncIterator[Chunk]:
        """The answer in pieces; the last chunk, and only that, carries the response."""
        wire = await self._ready()
        async with (
            self._reading() as reading,
            aclosing(wire.stream(request, arm)) as chunks,  # type: ignore[type-var]
        ):
            async for chunk in chunks:
                if chunk.response is not None:
                    told = await self._told(_read(reading, chunk.response))
                    chunk = msgspec.structs.replace(chunk, response=told)
                yield chunk

    async def load(self) -> ServerLoad | None:
        """As the server last reported; None where it does not run, does not say or is metered."""
        if self._meter is not None:
            return None
        return await asyncio.to_thread(self.server.load)

    async def aclose(self) -> None:
        """End the server and all that it started; harmless when done twice."""
        self._closed = True
        self.server.abandon()
        if self._opening is not None:
            (wire,) = await asyncio.gather(self._opening, return_exceptions=True)
            if not isinstance(wire, BaseException):
                await wire.aclose()
        self._opening = None
        await asyncio.to_thread(self.server.stop)

    def _reading(self) -> AbstractAsyncContextManager[Reading | None]:
        return nullcontext() if self._meter is None else self._meter.call(self.server.pid)

    async def _ready(self) -> Backend:
        """The wire; all who ask while the server starts wait for that one start."""
        if self._closed:
            raise BackendError(f"the backend of the {self.server.what} is closed")
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        # Whoever gives up waiting, a timed-out request say, does not end the start for the others.
        return await asyncio.shield(self._opening)

    async def _open(self) -> Backend:
        try:
            address = await asyncio.to_thread(self.server.start)
        except asyncio.CancelledError:
            self.server.abandon()  # the thread would wait on, and its child would live
            raise
        except GairpError:
            self._opening = None  # what stood in the way may be gone at the next call
            raise
        return OpenAIBackend(base_url=f"{address}/v1", **self._wire_settings)

    async def _told(self, response: Response) -> Response:
        """The response, its failure explained where the server is dead."""
        if response.error is None:
            return response
        # The connection breaks a moment before the process has ended.
        for _ in range(_MOMENTS if response.error.kind == "connection" else 1):
            if (end := self.server.died()) is not None:
                message = f"{response.error.message}; {end}"
                error = msgspec.structs.replace(response.error, message=message)
                return msgspec.structs.replace(response, error=error)
            await asyncio.sleep(_MOMENT_S)
        return response


def _read(reading: Reading | None, response: Response) -> Response:
    return response if reading is None else reading.into(response)
