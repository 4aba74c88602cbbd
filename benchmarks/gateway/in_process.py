"""What one request costs the gateway's own process: `python -m benchmarks.gateway.in_process`.

Server protocol, gateway and HTTP client are the real ones, with everything on; the sockets on
either side are objects that answer at once. So no kernel and no other process blurs the figures:
microseconds of processor a request, and calls of functions a request, which no noise touches.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import msgspec
import uvicorn
import uvloop
from uvicorn.server import ServerState

from benchmarks.gateway.load import Target
from benchmarks.gateway.ours import KEY, settings
from benchmarks.gateway.upstream import ANSWER, EVENTS, HEAD
from gairp.backends.http.connection import Connection
from gairp.gateway.app import App, create_app
from gairp.gateway.gateway import Gateway
from gairp.gateway.serving import protocol

_TARGET = Target(
    port=80, path="/v1/chat/completions", headers={"authorization": f"Bearer {KEY}"},
    model="gairp/auto",
)  # fmt: skip
_CONNECTIONS = 32


class _Wire(asyncio.Transport):
    """A transport whose other end is `answer`, called in the next turn of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing is held back here."""

    def resume_reading(self) -> None:
        """It went on all the time."""

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def abort(self) -> None:
        """Nothing to end."""

    def close(self) -> None:
        """Nothing to end."""


class Server(_Wire):
    """The upstream, seen from the gateway."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self._answer = answer
        self.connection: Connection

    def write(self, data: Any) -> None:
        self._loop.call_soon(self.connection.data_received, self._answer)


class Clients:
    """Ask again as soon as they have an answer, until `count` have been given."""

    def __init__(self, request: bytes, end: bytes) -> None:
        self.request, self.end = request, end
        self.left = 0
        self.done = asyncio.Event()
        self.wires: list[ClientWire] = []

    async def run(self, count: int) -> None:
        """So many requests, `_CONNECTIONS` at once."""
        self.left, self.asked = count, min(count, _CONNECTIONS)
        self.done.clear()
        for wire in self.wires[: self.asked]:
            wire.ask()
        self.asked = count - self.asked
        await self.done.wait()

    def answered(self, wire: ClientWire) -> None:
        """One more is there."""
        self.left -= 1
        if self.asked > 0:
            self.asked -= 1
            wire.ask()
        elif not self.left:
            self.done.set()


class ClientWire(_Wire):
    """One client, seen from the gateway."""

    def __init__(self, clients: Clients) -> None:
        super().__init__()
        self._clients, self._got = clients, b""
        self.protocol: Any = None

    def ask(self) -> None:
        self._loop.call_soon(self.protocol.data_received, self._clients.request)

    def write(self, data: Any) -> None:
        self._got += data
        if self._got.endswith(self._clients.end):
            assert self._got.startswith(b"HTTP/1.1 200 "), self._got
            self._got = b""
            self._clients.answered(self)


def _served(app: App, clients: Clients) -> None:
    config = uvicorn.Config(cast(Any, app.direct), **protocol())
    config.load()
    state = ServerState()
    for _ in range(_CONNECTIONS):
        wire = ClientWire(clients)
        wire.protocol = cast(Any, config.http_protocol_class)(
            config=config, server_state=state, app_state={}
        )
        wire.protocol.connection_made(wire)
        clients.wires.append(wire)


def _connected(gateway: Gateway, answer: bytes) -> None:
    """Connections to the upstream that need no opening."""
    for upstream in gateway.engine.stage.upstreams.values():
        pool = upstream._client._here()
        for _ in range(2 * _CONNECTIONS):
            server = Server(answer)
            server.connection = Connection("mock", pool._limits, pool._owner)
            server.connection.connection_made(server)
            pool._all.add(server.connection)
            pool._free(server.connection)


async def _main(options: argparse.Namespace) -> None:
    answer = HEAD + b"".join(EVENTS) if options.stream else ANSWER
    end = b"0\r\n\r\n" if options.stream else ANSWER.partition(b"\r\n\r\n")[2]
    with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
        made = settings(1, 2, Path(scratch))
        app = create_app(msgspec.structs.replace(made, ledger=None, audit=False))
        async with app.running() as gateway:
            clients = Clients(_TARGET.request(_TARGET.body(stream=options.stream)), end)
            _connected(gateway, answer)
            _served(app, clients)
            await clients.run(options.warm)
            gc.collect()
            gc.freeze()
            gc.disable()
            if options.profile:
                profile = cProfile.Profile()
                profile.enable()
                await clients.run(3000)
                profile.disable()
                pstats.Stats(profile).sort_stats("tottime").print_stats(options.profile)
                return
            best = float("inf")
            for _ in range(options.rounds):
                before = time.process_time()
                await clients.run(1000)
                best = min(best, (time.process_time() - before) * 1e3)
                gc.collect()
            print(f"{best:.1f} us of processor, {await _calls(clients):.0f} calls a request")


async def _calls(clients: Clients) -> float:
    """Of Python's functions and of those in C."""
    count = 0

    def seen(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    await clients.run(500)
    sys.setprofile(None)
    return count / 500


def main() -> None:
    """Prints one line, or a profile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway.in_process")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--warm", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--profile", type=int, default=0, metavar="LINES")
    uvloop.install()
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
