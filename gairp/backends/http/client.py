"""HTTP/1.1 to one server, quick enough to stand between a gateway and its models."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from gairp.backends.http.address import Address, address
from gairp.backends.http.connection import Limits
from gairp.backends.http.errors import BrokenConnectionError, OverdueError, UnsendableError
from gairp.backends.http.outgoing import Data, Header, Outgoing, header_lines, outgoing
from gairp.backends.http.pool import Pool, Size
from gairp.backends.http.response import Response
from gairp.backends.http.route import Route, proxy_of
from gairp.errors import ConfigError

_ACCEPT = (b"Accept-Encoding", b"identity")  # bodies pass through as they are


class HttpClient:
    """Keeps connections to the server of `base_url`, below whose path all requests go.

    `headers` go with every request. Times are in seconds, null for no limit: `connect_timeout_s`
    for opening a connection, `head_timeout_s` from the request to the end of the answer's head,
    `idle_timeout_s` between two reads of its body. At most `max_connections` are open,
    `max_idle` of them unused, each for `keepalive_s`; `max_waiting` requests may wait for one.
    `largest_head` and `largest_body` are the most bytes that are read of an answer.
    `ca_file` holds the certificates to trust in place of the system's; `ssl_context` says it all.
    `proxy`, http://NAME:PASSWORD@HOST:PORT, is one to go through; the environment's are not used.
    Redirects are not followed, cookies not kept, bodies not decompressed.
    Raises ConfigError for a setting that is wrong.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Sequence[Header] = (),
        connect_timeout_s: float | None = 5.0,
        head_timeout_s: float | None = 60.0,
        idle_timeout_s: float | None = 30.0,
        max_connections: int = 1000,
        max_idle: int = 100,
        max_waiting: int = 10_000,
        keepalive_s: float | None = 30.0,
        largest_head: int = 64 * 1024,
        largest_body: int | None = None,
        ca_file: Path | str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self.address = address(base_url)
        self._fixed = _fixed(self.address.authority, headers)
        self._route = Route(
            address=self.address,
            tls=_context(ca_file, ssl_context) if self.address.tls else None,
            proxy=None if proxy is None else proxy_of(proxy),
        )
        self._prefix = self.address.path
        if self._route.forwarded and self._route.proxy is not None:
            self._prefix = str(self.address)
            self._fixed += b"".join(b"%b: %b\r\n" % field for field in self._route.proxy.headers)
        self._size = Size(
            connections=_positive("max_connections", max_connections),
            idle=max_idle,
            waiting=max_waiting,
            keepalive_s=_seconds("keepalive_s", keepalive_s),
        )
        self._limits = Limits(
            connect_s=_seconds("connect_timeout_s", connect_timeout_s),
            head_s=_seconds("head_timeout_s", head_timeout_s),
            idle_s=_seconds("idle_timeout_s", idle_timeout_s),
            largest_head=_positive("largest_head", largest_head),
            largest_body=math.inf if largest_body is None else largest_body,
        )
        self._pool: Pool | None = None

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[Header] = (),
        body: Data = b"",
        *,
        due: float = math.inf,
        on_sent: Callable[[], object] | None = None,
    ) -> Response:
        """Send it, and give its answer once the head is there, often with all of the body.

        `due` is a time of the running loop's clock by which the last byte has to be there. A
        request is sent once, and a second time only where a connection used before turned out to
        be closed, without a byte of an answer, and the server cannot have had the request, or may
        have it twice (RFC 9112, 9.3.1). Raises HttpError; cancelling ends the connection.
        """
        request = outgoing(method, self._prefix, path, self._fixed, headers, body)
        pool = self._here()
        if due <= pool.loop.time():
            raise _overdue(self.address)
        connection = pool.idle() or await pool.get(due)
        used = connection.used
        response = connection.send(request, due)
        if on_sent is not None:
            on_sent()
        try:
            while not response.status:
                await response.wait()
        except BrokenConnectionError as error:
            if not (used and error.silent and (error.unsent or request.repeatable)):
                raise
            return await self._again(pool, request, due)
        return response

    @property
    def in_use(self) -> int:
        """How many connections carry a request now."""
        return 0 if self._pool is None else self._pool.in_use

    async def aclose(self) -> None:
        """End all connections; harmless when done twice. A later request opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and pool.loop is asyncio.get_running_loop():
            pool.close()
            await asyncio.sleep(0)  # the loop closes sockets one turn later

    async def _again(self, pool: Pool, request: Outgoing, due: float) -> Response:
        connection = await pool.get(due, fresh=True)
        response = connection.send(request, due)
        await response.head()
        return response

    def _here(self) -> Pool:
        """The pool of the running loop; those of a loop that has ended are lost with it."""
        pool = self._pool
        if pool is None or not pool.here:
            pool = self._pool = Pool(self._route, size=self._size, limits=self._limits)
        return pool


def _overdue(place: Address) -> OverdueError:
    error = OverdueError(f"{place}: the time was up before the request could be sent")
    error.unsent = True
    return error


def _fixed(authority: str, headers: Sequence[Header]) -> bytes:
    """The lines that every head has."""
    asked = any(name.lower() == _ACCEPT[0].lower() for name, _ in headers)
    try:
        lines = header_lines([*([] if asked else [_ACCEPT]), *headers])
    except UnsendableError as error:
        raise ConfigError(f"headers of {authority}: {error}") from None
    return b"Host: %b\r\n" % authority.encode() + lines


def _context(ca_file: Path | str | None, given: ssl.SSLContext | None) -> ssl.SSLContext:
    if given is not None:
        return given
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:
        raise ConfigError(
            f"ca_file {ca_file} cannot be read ({error}); give a file of PEM certificates, or null"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _seconds(name: str, value: float | None) -> float:
    if value is None:
        return math.inf
    if not value > 0:
        raise ConfigError(f"{name} is {value!r}; it must be above 0 seconds, or null")
    return value


def _positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} is {value!r}; it must be a whole number above 0")
    return value
