"""What goes wrong between us and a server, told apart by when it went wrong.

HttpError
├── UnsendableError       the request is no HTTP, or would smuggle a second one; nothing was sent
├── NotConnectedError     no connection; nothing was sent
├── BusyError             every connection is taken, and the wait or the queue was too long
├── ClosedError           client or response was closed by its owner
├── BrokenConnectionError the connection ended before the answer did
├── BadResponseError      what came is no HTTP/1.1 answer, or more than is read here
└── OverdueError          a time was up
"""

from __future__ import annotations

from gairp.errors import BackendError
from gairp.types import FailureKind


class HttpError(BackendError):
    """The root. `partial` holds what `Response.read` had of a body when it broke."""

    kind: FailureKind = "connection"
    #: the server cannot have had the whole request: it was not sent, or not taken in
    unsent: bool = False
    partial: bytes = b""


class UnsendableError(HttpError):
    """Method, path or a header would not be one request on the wire."""

    kind = "bad_request"
    unsent = True


class NotConnectedError(HttpError):
    """Refused, not found, not trusted, or not in time (then the kind is `timeout`)."""

    unsent = True


class BusyError(HttpError):
    """No connection became free in time, or too many wait for one already."""

    kind = "timeout"
    unsent = True


class ClosedError(HttpError):
    """The owner closed the client, or the response, before the answer was whole."""


class BrokenConnectionError(HttpError):
    """Reset, or ended too early; `unsent` where the system knows that the request did not arrive.

    `silent` says that not a byte of the answer had come.
    """

    silent: bool = False


class BadResponseError(HttpError):
    """Bytes that are no answer of HTTP/1.1, a head that is too large, a body past its limit."""

    kind = "malformed"


class OverdueError(HttpError):
    """The moment given as `due` has passed, or one of the client's limits."""

    kind = "timeout"
