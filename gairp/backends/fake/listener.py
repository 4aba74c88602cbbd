"""A port of this machine that can be closed and opened again, and stays ours meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

_BACKLOG = 1024


class Listener:
    """The port is taken at once; connections to it are refused until `open`."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self._socket = _bound(host, port)
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None

    async def open(self, connected: Callable[[], asyncio.Protocol]) -> None:
        """Take connections; harmless when done twice."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(connected, sock=self._socket, backlog=_BACKLOG)

    def refuse(self) -> None:
        """Take none; a socket that is bound but does not listen keeps the port."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self.host, self.port)

    def close(self) -> None:
        """Give the port back."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._socket.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio turns Nagle off for nothing less, and small writes would lie
    # still until the client has acknowledged those before, 40 ms later.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound
