"""The HTTP client as a channel for calls: JSON goes out, and errors come back as backends know."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from gairp.backends.http.client import HttpClient
from gairp.backends.http.errors import HttpError
from gairp.backends.http.outgoing import Header
from gairp.backends.http.response import Response
from gairp.backends.openai.broken import BrokenAnswerError, RefusedError
from gairp.backends.openai.channel import Sent, Settings, name_header

OPENAI = "https://api.openai.com/v1"
_INFLATE = 32 + zlib.MAX_WBITS  # gzip's frame, or zlib's, whichever it is
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})


class HttpReply:
    """A response, its headers as text and its body decompressed where it came compressed."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self.headers = {
            name.lower().decode("latin-1"): value.decode("latin-1")
            for name, value in response.headers
        }

    async def aiter_bytes(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. Raises BrokenAnswerError."""
        inflate = self._inflater()
        try:
            async for piece in self._response:
                yield piece if inflate is None else inflate.decompress(piece)
        except HttpError as error:
            raise _broken(error) from None
        except zlib.error as error:
            raise BrokenAnswerError(
                "malformed", f"the body is not compressed as its head says ({error})"
            ) from None

    async def aclose(self) -> None:
        """End the connection where there is more to come."""
        self._response.close()

    def _inflater(self) -> Any:
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding in _COMPRESSED:
            return zlib.decompressobj(_INFLATE)
        if coding not in ("", "identity"):
            raise BrokenAnswerError(
                "malformed", f"the body is compressed by {coding!r}, which nobody asked for"
            )
        return None


class HttpChannel:
    """Posts bodies through an HttpClient; its waits are limited by whoever calls."""

    def __init__(
        self,
        settings: Settings,
        *,
        keepalive_s: float | None,
        ca_file: Path | str | None,
        proxy: str | None,
    ) -> None:
        query = urlencode(settings.query, doseq=True)
        self._query = f"?{query}" if query else ""
        self.client = HttpClient(
            settings.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI,
            headers=_headers(settings),
            connect_timeout_s=settings.connect_timeout_s,
            head_timeout_s=None,
            idle_timeout_s=None,
            max_connections=settings.max_connections,
            max_idle=settings.max_keepalive_connections,
            keepalive_s=keepalive_s,
            ca_file=ca_file,
            proxy=proxy,
        )

    def open(self) -> None:
        """Nothing has to be made."""

    async def post(self, path: str, body: Mapping[str, Any], sent: Sent, *, name: str) -> HttpReply:
        """The reply. Raises RefusedError and BrokenAnswerError."""

        def whole() -> None:
            sent.whole = True

        data = _encoded(body)
        named = _pairs(name_header(name))
        try:
            response = await self.client.request(
                "POST", path + self._query, named, data, on_sent=whole
            )
        except HttpError as error:
            raise _broken(error) from None
        reply = HttpReply(response)
        if 200 <= response.status < 300:
            return reply
        raise RefusedError(response.status, await _said(reply), reply.headers)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


async def _said(reply: HttpReply) -> Any:
    """The body of an error, as JSON if it is some; what came of it where it breaks."""
    parts = []
    try:
        async for piece in reply.aiter_bytes():
            parts.append(piece)  # noqa: PERF401
    except BrokenAnswerError:
        pass
    finally:
        await reply.aclose()
    text = b"".join(parts).decode("utf-8", "replace").strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _headers(settings: Settings) -> list[Header]:
    """Those of every call; what a setting says goes before what is usual."""
    usual = {"Content-Type": "application/json", "Accept": "application/json"}
    if settings.key is not None:
        key = f"Bearer {settings.key}" if settings.bearer else settings.key
        usual[settings.auth_header] = key
    given = {name.lower() for name in settings.headers}
    kept = {name: value for name, value in usual.items() if name.lower() not in given}
    return _pairs(kept | {name: str(value) for name, value in settings.headers.items()})


def _pairs(headers: Mapping[str, str]) -> list[Header]:
    return [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers.items()]


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body, enc_hook=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        told = f"the request cannot be made: {error}"
        raise BrokenAnswerError("bad_request", told, unsent=True) from None


def _plain(value: Any) -> Any:
    """What stands in a body beside the types of JSON."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a body cannot hold {type(value).__name__}")


def _broken(error: HttpError) -> BrokenAnswerError:
    return BrokenAnswerError(error.kind, str(error), unsent=error.unsent)
