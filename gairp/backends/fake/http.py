"""HTTP/1.1, as much of it as a model server needs: a request read, the head of a reply made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import msgspec

from gairp.backends.fake.piece import Piece, Reply

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {529: "Site Overloaded"}


class BadRequestError(Exception):
    """What came is not HTTP that this server reads."""


class Received(msgspec.Struct, kw_only=True):
    """One request; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to use the connection again."""
        return self.headers.get("connection", "").lower() != "close"


def parse_head(head: bytes) -> Received:
    """The request of a head without its last empty line; raises BadRequestError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, version = first.split(" ")
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
    except ValueError as error:
        raise BadRequestError(f"not an HTTP request: {first[:80]!r}") from error
    if version != "HTTP/1.1":
        raise BadRequestError(f"{version!r} is not HTTP/1.1")
    path, _, query = target.partition("?")
    return Received(
        method=method,
        path=unquote(path) if "%" in path else path,
        query=dict(parse_qsl(query)) if query else {},
        headers=headers,
    )


def head(
    status: int,
    *,
    content_type: str = JSON,
    length: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
    wait_s: float = 0.0,
) -> Piece:
    """The head of a reply; without a length the body comes in HTTP chunks."""
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    extra = "".join([f"{name}: {value}\r\n" for name, value in headers])
    text = (
        f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}\r\n"
        f"Content-Type: {content_type}\r\n{size}\r\n{extra}\r\n"
    )
    return Piece(data=text.encode("latin-1"), role="head", wait_s=wait_s)


def whole(
    status: int,
    body: bytes,
    *,
    content_type: str = JSON,
    headers: Iterable[tuple[str, str]] = (),
    wait_s: float = 0.0,
    tokens: int = 0,
) -> Reply:
    """A reply of known length."""
    first = head(
        status, content_type=content_type, length=len(body), headers=headers, wait_s=wait_s
    )
    return Reply(status=status, pieces=iter((first, Piece(data=body, role="body", tokens=tokens))))
