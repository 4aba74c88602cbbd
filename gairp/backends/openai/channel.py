"""What carries a call to a server and back: the openai package, or a client of our own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol

import msgspec

LONGEST_NAME = 512


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel is made from."""

    base_url: str | None
    key: str | None
    auth_header: str
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    connect_timeout_s: float
    max_connections: int
    max_keepalive_connections: int

    def __repr__(self) -> str:
        return f"Settings({self.base_url!r})"  # the key stays out of logs

    @property
    def bearer(self) -> bool:
        """Whether the key goes into the header that takes bearers."""
        return self.auth_header.lower() == "authorization"


class Sent:
    """Whether a request may have gone out whole: from then on somebody may work, and charge."""

    def __init__(self) -> None:
        self.whole = False


class Reply(Protocol):
    """An answer whose status is no error, its body unread."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By names in lower case."""

    def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, decompressed; raises whatever breaks it."""

    async def aclose(self) -> None:
        """Give the connection back, or end it where there is more to come."""


class Channel(Protocol):
    """Belongs to the event loop that it is first used in, until it is closed."""

    async def post(self, path: str, body: Mapping[str, Any], sent: Sent, *, name: str) -> Reply:
        """The reply; raises what `failure_of` knows, for error statuses too.

        `name` goes along as OpenAI's own header for it, to be found in a vendor's logs.
        """

    def open(self) -> Any:
        """Make what can be made before the first call, which can take a second."""

    async def aclose(self) -> None:
        """Close the connections; harmless when done twice."""


def name_header(name: str) -> dict[str, str]:
    """The header of a request's name, where it can be one."""
    # Not X-Request-Id: vLLM takes that for its own id, and refuses one that is running.
    fits = name.isascii() and name.isprintable() and len(name) <= LONGEST_NAME
    return {"X-Client-Request-Id": name} if fits else {}
