"""A model server on a port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Self

from gairp.backends.fake.connection import Connection
from gairp.backends.fake.ledger import Ledger
from gairp.backends.fake.program import Program
from gairp.backends.fake.service import Service


class FakeServer:
    """Use it with `async with`, or with `with server.in_thread()` where no loop runs.

    `program` may be plain values as YAML has them. Errors that a program's own functions raise
    end the connection, and come up when the server is closed.
    """

    def __init__(
        self,
        program: Program | Mapping[str, Any] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.host, self.port = host, port
        self.ledger = Ledger()
        self._service = Service(_program(program), self.ledger)
        self._connections: set[Connection] = set()
        self._listener: asyncio.Server | None = None
        self._errors: list[Exception] = []

    @property
    def base_url(self) -> str:
        """What a client of OpenAI takes as its base address."""
        return f"{self.address}{self._service.quirks.prefix}"

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    @property
    def service(self) -> Service:
        """What answers."""
        return self._service

    def use(self, program: Program | Mapping[str, Any]) -> None:
        """Another program from now on; the account goes on, connections stay."""
        self._service = Service(_program(program), self.ledger)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
        if self._errors:
            raise self._errors[0]

    async def listen(self) -> None:
        """Take connections, on the same port as before if there was one."""
        if self._listener is None:
            self._listener = await asyncio.get_running_loop().create_server(
                self._connected, self.host, self.port, backlog=1024, reuse_address=True
            )
            self.port = self._listener.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close the port and all connections, until `listen` is called again."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            await connection.close()

    async def aclose(self) -> None:
        """End everything; harmless when done twice."""
        await self.refuse()

    def in_thread(self) -> contextlib.AbstractContextManager[Self]:
        """The server in a loop of its own, for code that has none."""
        return self._in_thread()

    @contextlib.contextmanager
    def _in_thread(self) -> Iterator[Self]:
        from gairp.backends.fake.threaded import LoopThread

        with LoopThread() as thread:
            thread.run(self.listen())
            try:
                yield self
            finally:
                thread.run(self.__aexit__())

    def _connected(self) -> Connection:
        return Connection(lambda: self._service, self._connections, self._errors.append)


def _program(program: Program | Mapping[str, Any] | None) -> Program:
    if isinstance(program, Program):
        return program
    return Program.of(program or {})
