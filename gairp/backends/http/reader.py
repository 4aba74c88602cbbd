"""HTTP/1.1 answers out of bytes, by httptools' parser; no socket comes near here."""

from __future__ import annotations

from typing import Final

from gairp.backends.http.errors import BadResponseError
from gairp.backends.http.outgoing import Header
from gairp.backends.http.response import Response
from gairp.errors import MissingDependencyError

try:
    from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
except ModuleNotFoundError:
    raise MissingDependencyError(
        "httptools", extra="gateway", needed_for="the HTTP client"
    ) from None

_VERSIONS: Final = ("1.1", "1.0")
_STATUS: Final = range(200, 600)
_LARGE: Final = 64 * 1024  # bodies with more to come than this are not shown to the parser


class Reader:
    """Fills a response. `largest_head` and `largest_body` are bytes.

    After `feed`, `complete` says that the answer has ended, `reusable` that another one may follow
    on the same connection.
    """

    def __init__(
        self,
        response: Response,
        *,
        bodiless: bool = False,
        largest_head: int,
        largest_body: float,
    ) -> None:
        self.complete = False
        self.reusable = False
        self.silent = True  #: nothing has come yet
        self._response = response
        self._bodiless = bodiless
        self._largest_head, self._largest_body = largest_head, largest_body
        self._headers: list[Header] = []
        self._headed = self._interim = self._framed = False
        self._idle = 0  # bytes that came without any of the body
        self._left = 0  # bytes of the body that need no parser
        self._error: Exception | None = None
        # A parser an answer: it costs less than a microsecond, and knows nothing of the last one.
        self._parser: HttpResponseParser | None = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take bytes as they came. Raises BadResponseError; what was read until then stays."""
        self.silent = False
        if self._left:
            self._pass(data)
        else:
            self._parse(data)
        if self._response.received > self._largest_body:
            raise BadResponseError(f"the body is longer than the {self._largest_body} bytes read")

    def end(self) -> bool:
        """The connection has ended; whether that completes the answer."""
        if self._headed and not self.complete and self._until_end():
            self._end()
        return self.complete

    def close(self) -> None:
        """Nothing more comes; parser and reader hold each other and must be parted."""
        self._parser = None

    # -- what httptools calls ----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """An answer begins, or an interim one; a second to one request is none of ours."""
        if self.complete:
            self.reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or after the body a trailer, which nobody reads."""
        if not self._headed:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        parser, response = self._parser, self._response
        if self.complete or parser is None:
            return
        status = parser.get_status_code()
        if 100 < status < 200 or status == 100:
            self._interim = True
            return
        self._check(status, parser.get_http_version())
        self.reusable = parser.should_keep_alive()
        self._headed = True
        if self._error is None:
            response.headers, response.status = self._headers, status
            if self._bodiless:
                self._end()  # the parser cannot know that no body follows

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self.complete:
            self.reusable = False
        elif self._error is None:
            try:
                self._response.put(data)
            except Exception as error:  # of whoever takes the pieces; not httptools' to wrap
                self._error = error

    def on_message_complete(self) -> None:
        """The answer has ended, or an interim one has."""
        if self._interim:
            self._interim = False
            self._headers = []
        elif not self.complete:
            self._end()

    # -- inside --------------------------------------------------------------------------------

    def _parse(self, data: bytes) -> None:
        parser, response = self._parser, self._response
        assert parser is not None, "an answer that was closed is fed no more"
        before = response.received
        self._idle += len(data)
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            self._error = BadResponseError("the server wants another protocol than HTTP/1.1")
        except HttpParserError as error:
            self._refuse(error)
        if self._error is not None:
            raise self._error
        if self.complete:
            return
        if response.received != before:
            self._idle = 0
        elif self._idle > self._largest_head:
            raise BadResponseError(
                f"more than {self._largest_head} bytes came without any of the body"
            )
        if self._headed and not self._framed:
            self._frame()

    def _refuse(self, error: HttpParserError) -> None:
        if self.complete:
            self.reusable = False  # the answer is whole, what came after it is not
        elif self._error is None:
            self._error = BadResponseError(f"that is no HTTP/1.1 ({error})")

    def _check(self, status: int, version: str) -> None:
        if status not in _STATUS or version not in _VERSIONS:
            self._error = BadResponseError(f"HTTP/{version} with status {status} is no answer")
        elif self._idle > self._largest_head:  # seldom, and then perhaps by the body's bytes
            size = sum([len(name) + len(value) + 4 for name, value in self._headers])
            if size > self._largest_head:
                self._error = BadResponseError(
                    f"the head has {size} bytes; at most {self._largest_head} are read"
                )

    def _frame(self) -> None:
        """Find bodies that need no parser: handed on as they are, uncopied.

        The parser has refused whatever says the length in two ways.
        """
        self._framed = True
        left = int(self._field(b"content-length") or 0) - self._response.received
        self._left = left if left > _LARGE else 0

    def _until_end(self) -> bool:
        """Whether the body ends with the connection."""
        coding = self._field(b"transfer-encoding")
        if coding is not None:
            return coding.rpartition(b",")[2].strip().lower() != b"chunked"
        return self._field(b"content-length") is None

    def _field(self, wanted: bytes) -> bytes | None:
        """Its last value."""
        size = len(wanted)
        found = [v for n, v in self._headers if len(n) == size and n.lower() == wanted]
        return found[-1] if found else None

    def _pass(self, data: bytes) -> None:
        if len(data) > self._left:
            self.reusable = False
            data = data[: self._left]
        self._left -= len(data)
        self._response.put(data)
        if not self._left:
            self._end()

    def _end(self) -> None:
        self.complete = True
