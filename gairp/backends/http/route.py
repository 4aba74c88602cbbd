"""From an address to an open connection: straight, or through a proxy."""

from __future__ import annotations

import asyncio
import base64
import math
import ssl
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import msgspec

from gairp.backends.http.address import Address, address
from gairp.backends.http.connection import Connection
from gairp.backends.http.errors import BadResponseError, HttpError, NotConnectedError
from gairp.backends.http.outgoing import Header
from gairp.backends.http.reader import Reader
from gairp.backends.http.response import Response
from gairp.errors import ConfigError

_LARGEST = 64 * 1024


class Proxy(msgspec.Struct, frozen=True):
    """Where it is, and what it wants to be told."""

    address: Address
    headers: tuple[Header, ...] = ()

    def __repr__(self) -> str:
        return f"Proxy({self.address})"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a server."""

    address: Address
    tls: ssl.SSLContext | None
    proxy: Proxy | None = None

    @property
    def forwarded(self) -> bool:
        """Whether a proxy reads each request, and has to be told the server in each."""
        return self.proxy is not None and self.tls is None

    async def opened(
        self, make: Callable[[], Connection], *, within_s: float, due: float
    ) -> Connection:
        """A new connection. Raises NotConnectedError, of kind `timeout` where it took too long."""
        end = min(due, asyncio.get_running_loop().time() + within_s)
        try:
            async with asyncio.timeout_at(None if end == math.inf else end):
                connection = await self._opened(make)
        except TimeoutError:
            error = self._unconnected("in time")
            error.kind = "timeout"
            raise error from None
        except (OSError, ssl.SSLError, HttpError) as reason:
            raise self._unconnected(f"{type(reason).__name__}: {reason}") from reason
        if not connection.usable:
            raise self._unconnected("it was closed at once")
        return connection

    async def _opened(self, make: Callable[[], Connection]) -> Connection:
        loop, tls, name = asyncio.get_running_loop(), self.tls, self.address.host
        if self.proxy is None or tls is None:
            host, port = (self.proxy.address if self.proxy is not None else self.address)[1:3]
            _, connection = await loop.create_connection(
                make, host, port, ssl=tls, server_hostname=None if tls is None else name
            )
            return connection
        tunnel = await self._tunnel(self.proxy)
        connection = make()
        try:
            inner = await loop.start_tls(tunnel, connection, tls, server_hostname=name)
        except BaseException:
            tunnel.abort()
            raise
        if inner is None:  # uvloop and asyncio: only where the loop was closed meanwhile
            raise ConnectionAbortedError("the loop has ended")
        connection.connection_made(inner)
        return connection

    async def _tunnel(self, proxy: Proxy) -> asyncio.Transport:
        """A way through the proxy to the server (CONNECT, RFC 9110, 9.3.6)."""
        transport, asking = await asyncio.get_running_loop().create_connection(
            _Asking, proxy.address.host, proxy.address.port
        )
        place = f"{_bracketed(self.address.host)}:{self.address.port}".encode()
        fields = b"".join(b"%b: %b\r\n" % field for field in ((b"Host", place), *proxy.headers))
        try:
            transport.write(b"CONNECT %b HTTP/1.1\r\n%b\r\n" % (place, fields))
            status = await asking.answer
            if not 200 <= status < 300:
                told = "; name and password belong into proxy" if status == 407 else ""
                raise BadResponseError(f"the proxy answered {status}{told}")
        except BaseException:
            transport.abort()
            raise
        return transport

    def _unconnected(self, why: str) -> NotConnectedError:
        through = f" through the proxy {self.proxy.address}" if self.proxy is not None else ""
        remedy = "is the server up, is base_url right?"
        return NotConnectedError(f"no connection to {self.address}{through} ({why}); {remedy}")


class _Asking(asyncio.Protocol):
    """Hears whether a proxy opens the way."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._response = Response()
        self._reader = Reader(
            self._response, bodiless=True, largest_head=_LARGEST, largest_body=math.inf
        )

    def data_received(self, data: bytes) -> None:
        """Part of its answer."""
        if self.answer.done():
            return
        try:
            self._reader.feed(data)
        except BadResponseError as error:
            self.answer.set_exception(error)
        else:
            if self._reader.complete:
                self._reader.close()
                self.answer.set_result(self._response.status)

    def connection_lost(self, exc: Exception | None) -> None:
        """It does not."""
        if not self.answer.done():
            self.answer.set_exception(
                exc or ConnectionAbortedError("the proxy closed the connection")
            )


def proxy_of(url: str) -> Proxy:
    """From http://NAME:PASSWORD@HOST:PORT. Raises ConfigError, which does not tell the password."""
    try:
        parts = urlsplit(url)
        name, word = unquote(parts.username or ""), unquote(parts.password or "")
        found = address(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
    except (ConfigError, ValueError):
        raise _wrong("it is no URL such as http://proxy.example:3128") from None
    if found.tls or found.path:
        raise _wrong("it must begin with http:// and hold no path")
    if not parts.username:
        return Proxy(found)
    key = base64.b64encode(f"{name}:{word}".encode())
    return Proxy(found, ((b"Proxy-Authorization", b"Basic " + key),))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _wrong(why: str) -> ConfigError:
    return ConfigError(f"proxy is wrong: {why}")
