"""A request as it goes onto the wire, and what is refused there.

A client that lets a line break pass from a header into its request lets whoever wrote that header
send requests of their own. So names, values, method and path are checked whole, and the fields
that say where a request ends are ours alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from gairp.backends.http.errors import UnsendableError

Header = tuple[bytes, bytes]
Data = bytes | bytearray | memoryview

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_LINES = re.compile(rb"(?:" + _TOKEN + rb": [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*")
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
    lines = b"".join([b"%b: %b\r\n" % pair for pair in pairs])
    # One pattern over all lines; a value that forges a line of its own shows in their number.
    if not _LINES.fullmatch(lines) or lines.count(b"\r\n") != len(pairs):
        raise UnsendableError(
            f"header {_culprit(pairs)} holds a line break, a control character, or a name that "
            "is no token; nothing was sent"
        )
    for name, _ in pairs:
        if name.lower() in _OURS:
            raise UnsendableError(
                f"header {name.decode('latin-1')!r} is written by the client itself: leave it out"
            )
    return lines


@lru_cache(maxsize=1024)
def _request_line(method: str, prefix: str, path: str) -> bytes:
    if not _METHOD.fullmatch(method) or method == "CONNECT":
        raise UnsendableError(f"{method[:_SHOWN]!r} is no method that can be sent")
    if not _PATH.fullmatch(path):
        raise UnsendableError(
            f"{path[:_SHOWN]!r} is no path; it begins with / and holds printable ASCII only"
        )
    return f"{method} {prefix}{path} HTTP/1.1\r\n".encode()


def _culprit(pairs: Iterable[Header]) -> str:
    wrong = next(n for n, v in pairs if not _one_line(b"%b: %b\r\n" % (n, v)))
    return repr(wrong[:_SHOWN].decode("latin-1"))


def _one_line(line: bytes) -> bool:
    return bool(_LINES.fullmatch(line)) and line.count(b"\r\n") == 1
