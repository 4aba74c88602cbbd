"""A request as it goes onto the wire, and what is refused there.

A client that lets a line break pass from a header into its request lets whoever wrote that header
send requests of their own. So names, values, method and path are checked whole, and the fields
that say where a request ends are ours alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from gairp.backends.http.errors import UnsendableError

Header = tuple[bytes, bytes]
Data = bytes | bytearray | memoryview

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = bytes([*range(9), *range(10, 32), 127])  #: what no value may hold
_SOUND: set[bytes] = set()  #: names that were found fit to be sent
_SOUND_KEPT = 1024
_METHOD = re.compile(r"[A-Z]{1,16}")
_PATH = re.compile(r"/[!-\"$-~]*")  # printable ASCII but for "#", which never leaves a client
_OURS = frozenset(
    {
        b"connection", b"content-length", b"expect", b"host", b"keep-alive", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    }
)  # fmt: skip
_LENGTHS = frozenset({"POST", "PUT", "PATCH"})  #: say their length even where it is 0
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  #: twice is the same as once
_SHOWN = 60


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """Bytes, and what must be known of them later."""

    head: bytes
    body: Data
    bodiless: bool  #: the answer to HEAD has no body, whatever its head says
    repeatable: bool  #: asking twice does no harm (RFC 9110, 9.2.2)


def outgoing(
    method: str, prefix: str, path: str, fixed: bytes, headers: Sequence[Header], body: Data
) -> Outgoing:
    """The path goes below `prefix`; `fixed` are header lines already checked, Host among them.

    Raises UnsendableError.
    """
    line = _request_line(method, prefix, path)
    lines = fixed + header_lines(headers) if headers else fixed
    size = len(body) if isinstance(body, bytes) else memoryview(body).nbytes
    length = b"Content-Length: %d\r\n" % size if size or method in _LENGTHS else b""
    head = b"%b%b%b\r\n" % (line, lines, length)
    return Outgoing(head, body, method == "HEAD", method in _SAFE)


def header_lines(pairs: Sequence[Header]) -> bytes:
    """As they stand in a head; raises UnsendableError that names the header, not its value."""
    for name, _ in pairs:
        if name not in _SOUND:
            _check_name(name)
    lines = b"".join([b"%b: %b\r\n" % pair for pair in pairs])
    # A value that forges a line of its own shows in the number of line breaks.
    if len(lines) - len(lines.translate(None, _CONTROL)) != 2 * len(pairs):
        wrong = next(name for name, value in pairs if value.translate(None, _CONTROL) != value)
        raise _unsendable(wrong)
    return lines


def _check_name(name: bytes) -> None:
    if not _NAME.fullmatch(name):
        raise _unsendable(name)
    if name.lower() in _OURS:
        raise UnsendableError(
            f"header {name.decode('latin-1')!r} is written by the client itself: leave it out"
        )
    if len(_SOUND) < _SOUND_KEPT:
        _SOUND.add(name)


def _unsendable(name: bytes) -> UnsendableError:
    return UnsendableError(
        f"header {name[:_SHOWN].decode('latin-1')!r} holds a line break, a control character, or a "
        "name that is no token; nothing was sent"
    )


@lru_cache(maxsize=1024)
def _request_line(method: str, prefix: str, path: str) -> bytes:
    if not _METHOD.fullmatch(method) or method == "CONNECT":
        raise UnsendableError(f"{method[:_SHOWN]!r} is no method that can be sent")
    if not _PATH.fullmatch(path):
        raise UnsendableError(
            f"{path[:_SHOWN]!r} is no path; it begins with / and holds printable ASCII only"
        )
    return f"{method} {prefix}{path} HTTP/1.1\r\n".encode()
