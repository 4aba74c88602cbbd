"""A fake server, a backend that asks it, and what came of the asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from gairp.backends.fake import FakeServer
from gairp.backends.fake.ledger import Call
from gairp.protocols import Backend
from gairp.types import Arm, Chunk, Failure, Request, Response
from tests.contracts.backend_cases import Case

T = TypeVar("T")
TEXT = "The lamp by the river burns all night and nobody knows who lit it."
WORDS = TEXT.split()
ARM = Arm(name="lamp", model="m")
REQUEST = Request(id="r1", messages=({"role": "user", "content": "Who lit the lamp?"},))


class World:
    """One server and one backend; `key` is what the backend authenticates with, if it does."""

    def __init__(self, case: Case, server: FakeServer, backend: Backend) -> None:
        self.case, self.server, self.backend = case, server, backend

    async def ask(self, request: Request = REQUEST, arm: Arm = ARM) -> Response:
        """The whole answer."""
        return await self.backend.complete(request, arm)

    async def hear(self, request: Request = REQUEST, arm: Arm = ARM) -> list[Chunk]:
        """The answer in pieces."""
        return [chunk async for chunk in self.backend.stream(request, arm)]

    @property
    def calls(self) -> list[Call]:
        """The server's account."""
        return list(self.server.ledger.calls())

    async def until(self, holds: Callable[[], bool], within_s: float = 2.0) -> None:
        """Wait until something has come to pass at the server."""
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.005)


def in_world(
    case: Case,
    work: Callable[[World], Awaitable[T]],
    *,
    spec: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    **program: Any,
) -> T:
    """What the work returns; the server's model `m` answers `TEXT` unless `spec` says otherwise."""

    async def run() -> T:
        model = {"answer": {"text": TEXT}, **(spec or {})}
        async with FakeServer({"models": {"m": model}, **program}) as server:
            backend = case.build(server.base_url, **(settings or {}))
            try:
                return await work(World(case, server, backend))
            finally:
                await backend.aclose()

    return asyncio.run(run())


def struck(
    case: Case,
    fault: Mapping[str, Any] | str,
    *,
    request: Request = REQUEST,
    spec: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> tuple[Response, list[Call]]:
    """One call to a server with one fault, and the server's account; heard in pieces."""

    async def work(world: World) -> tuple[Response, list[Call]]:
        *chunks, last = await world.hear(request)
        assert last.response is not None
        assert "".join(chunk.text for chunk in chunks) == last.response.content
        with suppress(TimeoutError):  # a call that hangs is closed when the client leaves
            await world.until(lambda: all(c.ended != "open" for c in world.calls))
        return last.response, world.calls

    return in_world(case, work, spec=spec, settings=settings, faults=[fault])


def failure(response: Response) -> Failure:
    """The failure of a response that must have one."""
    assert response.error is not None
    return response.error
