"""A model server on a port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from gairp.backends.fake.connection import Connection
from gairp.backends.fake.faults import ConnectionRefused
from gairp.backends.fake.ledger import Call, Ledger
from gairp.backends.fake.listener import Listener
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
        told: Callable[[Call], object] | None = None,
    ) -> None:
        """`told` hears of each call when its answer begins and when it has ended."""
        self.host, self.port = host, port
        self.ledger = Ledger(told=told)
        self.service = Service(_program(program), self.ledger)
        self.open_ones: set[Connection] = set()
        self._listener: Listener | None = None
        self._errors: list[Exception] = []
        self._answered = 0
        self._later: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str:
        """What a client of OpenAI takes as its base address."""
        return f"{self.address}{self.service.quirks.prefix(list(self.service.models))}"

    @property
    def address(self) -> str:
        """Scheme, host and port."""
        return f"http://{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self.open_ones)

    def use(self, program: Program | Mapping[str, Any]) -> None:
        """Another program from now on; the account goes on, connections stay."""
        self.service = Service(_program(program), self.ledger)

    async def __aenter__(self) -> Self:
        self._listener = Listener(self.host, self.port)
        self.port = self._listener.port
        await self._listen_unless_refused(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
        if self._errors:
            raise self._errors[0]

    async def listen(self) -> None:
        """Take connections, as a server does from the start."""
        if self._listener is not None:
            await self._listener.open(lambda: Connection(self))

    def refuse(self) -> None:
        """Close the port, and every connection once what is written is sent, until `listen`."""
        if self._listener is not None:
            self._listener.refuse()
        for connection in list(self.open_ones):
            connection.end()

    async def aclose(self) -> None:
        """End everything; harmless when done twice."""
        if self._later is not None:
            self._later.cancel()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in list(self.open_ones):
            await connection.abort()

    def in_thread(self) -> contextlib.AbstractContextManager[Self]:
        """The server in a loop of its own, for code that has none."""
        return self._in_thread()

    # -- what connections tell ------------------------------------------------------------

    def failed(self, error: Exception) -> None:
        """A program's own function has raised."""
        self._errors.append(error)

    def answered(self) -> None:
        """One more request is over."""
        self._answered += 1
        if self._refusal(self._answered) is not None:
            self._opening = asyncio.get_running_loop().create_task(
                self._listen_unless_refused(self._answered)
            )

    # -- inside ---------------------------------------------------------------------------

    def _refusal(self, calls: int) -> ConnectionRefused | None:
        faults = self.service.program.faults
        refusals = (fault for fault in faults if isinstance(fault, ConnectionRefused))
        return next((fault for fault in refusals if fault.after_calls == calls), None)

    async def _listen_unless_refused(self, calls: int) -> None:
        fault = self._refusal(calls)
        if fault is None:
            await self.listen()
            return
        self.refuse()
        if fault.for_s is not None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(fault.for_s, self._listen_soon)

    def _listen_soon(self) -> None:
        self._opening = asyncio.get_running_loop().create_task(self.listen())

    @contextlib.contextmanager
    def _in_thread(self) -> Iterator[Self]:
        from gairp.backends.fake.threaded import LoopThread

        with LoopThread() as thread:
            thread.run(self.__aenter__())
            try:
                yield self
            finally:
                thread.run(self.__aexit__())


def _program(program: Program | Mapping[str, Any] | None) -> Program:
    if isinstance(program, Program):
        return program
    return Program.of(program or {})
