"""One connection: a request goes out, its answer comes in, and then perhaps another."""

from __future__ import annotations

import asyncio
import fcntl
import math
import struct
import termios
from collections.abc import Callable
from typing import Any, cast

import msgspec

from gairp.backends.http.errors import BrokenConnectionError, HttpError, OverdueError
from gairp.backends.http.outgoing import Outgoing
from gairp.backends.http.reader import Reader
from gairp.backends.http.response import Response
from gairp.backends.http.watch import Watch

_JOINED = 64 * 1024  # smaller bodies go out with their head, in one piece


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, infinity for none, and bytes."""

    connect_s: float
    head_s: float
    idle_s: float
    largest_head: int
    largest_body: float


class Owner(msgspec.Struct, frozen=True):
    """Who is told that a connection is free again, or gone."""

    free: Callable[[Connection], None]
    gone: Callable[[Connection], None]


class Connection(asyncio.Protocol):
    """Answers one request at a time. `place` names the server in errors."""

    def __init__(self, place: str, limits: Limits, owner: Owner) -> None:
        self.used = False  #: it has answered before
        self.open = False
        self.idle_since = 0.0
        self._place, self._limits, self._owner = place, limits, owner
        self._loop = asyncio.get_running_loop()
        self._watch = Watch(self._loop, self._overdue)
        self._due = math.inf
        self._response: Response | None = None
        self._reader: Reader | None = None
        self._transport: asyncio.Transport

    def send(self, request: Outgoing, due: float) -> Response:
        """Write it all; the response fills as its answer comes. Only while nothing is under way."""
        limits = self._limits
        response = self._response = Response(self, self._loop)
        self._reader = Reader(
            response,
            bodiless=request.bodiless,
            largest_head=limits.largest_head,
            largest_body=limits.largest_body,
        )
        self._due = due
        self._watch.set(min(due, self._loop.time() + limits.head_s))
        if len(request.body) <= _JOINED:
            self._transport.write(b"".join((request.head, request.body)))
        else:
            self._transport.write(request.head)
            self._transport.write(request.body)
        return response

    @property
    def usable(self) -> bool:
        """Whether a request can be sent; a transport can be closing before anybody is told."""
        return self.open and not self._transport.is_closing()

    @property
    def sent(self) -> bool:
        """Whether everything written is with the system's kernel."""
        return self._transport.get_write_buffer_size() == 0

    def shut(self, error: HttpError) -> None:
        """End at once; a response under way fails with this."""
        self._end(error)
        self._transport.abort()

    def close(self) -> None:
        """End an idle connection in good manners."""
        self._end(None)
        self._transport.close()

    # -- the response's side -----------------------------------------------------------------

    def hold(self) -> None:
        """Read no more for now; only the whole request's time counts."""
        if self.usable:
            self._transport.pause_reading()
            self._watch.set(self._due)

    def go_on(self) -> None:
        """Read again."""
        if self.usable:
            self._transport.resume_reading()
            self._watch.set(min(self._due, self._loop.time() + self._limits.idle_s))

    # -- what the event loop calls ----------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is there."""
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer; where none was asked for, nothing here can be trusted any more."""
        reader, response = self._reader, self._response
        if reader is None or response is None:
            self.shut(BrokenConnectionError(f"{self._place} sent what nobody asked for"))
            return
        try:
            reader.feed(data)
        except HttpError as error:
            self.shut(self._placed(error))
        except Exception as error:  # of the receiver that the pieces were piped to
            self.shut(cast(HttpError, error))
        else:
            if reader.complete:
                self._answered(reader, response)
            else:
                response.arrived()
                if response.status and not response.held:
                    self._watch.set(min(self._due, self._loop.time() + self._limits.idle_s))

    def eof_received(self) -> None:
        """The server has ended its side, which ends some answers and breaks others."""
        reader, response = self._reader, self._response
        if reader is not None and response is not None:
            if reader.end():
                reader.reusable = False
                self._answered(reader, response)
            else:
                self._end(
                    self._broken(
                        "the server closed the connection too early,", unread=self._unread()
                    )
                )

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        reason = f" ({type(exc).__name__}: {exc})" if exc is not None else ""
        # A pipe breaks only while one writes: the request did not go out whole.
        self._end(
            self._broken(f"the connection broke{reason}", unread=isinstance(exc, BrokenPipeError))
        )

    # -- inside ------------------------------------------------------------------------------

    def _answered(self, reader: Reader, response: Response) -> None:
        self._response = self._reader = None
        reader.close()
        if response.held:
            response.resume()
        # The watch runs on: that it rings while nothing is under way does no harm.
        response.end()
        # An answer before the end of its question leaves the server in the middle of the latter.
        if reader.reusable and self.open and not self._transport.get_write_buffer_size():
            self.used = True
            self._owner.free(self)
        elif self.open:
            self.close()

    def _end(self, error: HttpError | None) -> None:
        """From now on nothing comes or goes."""
        response, reader = self._response, self._reader
        self._response = self._reader = None
        if reader is not None:
            reader.close()
        if response is not None and error is not None:
            response.fail(error)
        if self.open:
            self.open = False
            self._watch.stop()
            self._owner.gone(self)

    def _overdue(self) -> None:
        response = self._response
        if response is None:
            return
        if self._loop.time() >= self._due:
            what = "not answered whole by the time given with the request"
        elif not response.status:
            what = f"no answer began within {self._limits.head_s:g} s"
        else:
            what = f"nothing more came for {self._limits.idle_s:g} s"
        error = OverdueError(f"{self._place}: {what}")
        error.unsent = not self.sent
        self.shut(error)

    def _placed(self, error: HttpError) -> HttpError:
        return type(error)(f"{self._place}: {error}")

    def _broken(self, what: str, *, unread: bool) -> BrokenConnectionError:
        reader = self._reader
        silent = reader is None or reader.silent
        when = "before any answer" if silent else "in the middle of an answer"
        error = BrokenConnectionError(f"{self._place}: {what} {when}")
        error.silent, error.unsent = silent, silent and unread
        return error

    def _unread(self) -> bool:
        """Whether part of the request has not reached the server's kernel, now that it has closed.

        The packet that tells of the end also acknowledges all that had come until then; what is
        not acknowledged then came too late, and nobody has read it. After a reset this would prove
        nothing, since a reset acknowledges nothing.
        """
        return not self.sent or _unacknowledged(self._transport.get_extra_info("socket")) > 0


def _unacknowledged(socket: Any) -> int:
    """Bytes written that the peer's kernel has not confirmed (Linux; 0 where nobody knows)."""
    try:
        answer = fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    except (OSError, AttributeError, ValueError):
        return 0
    return int(struct.unpack("i", answer)[0])
