"""The openai package's client, made when first needed, and what it tells of a request sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from gairp.backends.openai.channel import Sent, Settings, name_header

_PLACEHOLDER = "none"  # the client insists on a key; servers without keys ignore it


_SENT: ContextVar[Sent] = ContextVar("sent")


class Connection:
    """Posts bodies; belongs to the event loop that it is first used in, until it is closed."""

    def __init__(self, settings: Settings, http_client: Any = None) -> None:
        self.settings = settings
        self._given = http_client
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def post(self, path: str, body: Mapping[str, Any], sent: Sent, *, name: str) -> Any:
        """The response with its body unread; raises openai's errors, for error statuses too."""
        from openai import AsyncStream

        token = _SENT.set(sent)
        sent.whole = self._given is not None  # a client of somebody else's tells nothing
        try:
            # The low-level call takes any field and copies nothing; the stream is opened but
            # its parser, which builds a model of every event, is left alone.
            stream = await self.open().post(
                path,
                cast_to=object,
                body=body,
                options={"headers": self._headers(name)},
                stream=True,
                stream_cls=AsyncStream[object],
            )
        finally:
            _SENT.reset(token)
        return stream.response

    async def aclose(self) -> None:
        """Close the connections; harmless when done twice."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    def open(self) -> Any:
        """The client, made where there is none yet, which can take a second."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = self._made(), loop
        return self._client

    def _made(self) -> Any:
        from openai import AsyncOpenAI, Omit

        settings = self.settings
        theirs = settings.base_url is not None
        # OpenAI's organisation and project, which it takes from the environment, are no one else's.
        omitted = dict.fromkeys(("OpenAI-Organization", "OpenAI-Project"), Omit()) if theirs else {}
        headers: dict[str, Any] = {**omitted, **settings.headers}
        return AsyncOpenAI(
            base_url=settings.base_url,
            api_key=settings.key or _PLACEHOLDER,
            max_retries=0,
            default_headers=headers,
            default_query=settings.query,
            http_client=self._given or _http_client(settings),
        )

    def _headers(self, name: str) -> dict[str, Any]:
        settings = self.settings
        headers: dict[str, Any] = dict(name_header(name))
        if not settings.bearer:
            from openai import Omit

            headers |= {"Authorization": Omit(), settings.auth_header: settings.key or ""}
        return headers


def _http_client(settings: Settings) -> Any:
    """Without redirects, which would carry a key to another host; reads are timed by us."""
    from openai import DefaultAsyncHttpxClient, Timeout

    ours = next(c for c in DefaultAsyncHttpxClient.__mro__ if not c.__module__.startswith("openai"))
    library = import_module(ours.__module__.partition(".")[0])  # httpx, or its successor httpx2
    return DefaultAsyncHttpxClient(
        timeout=Timeout(None, connect=settings.connect_timeout_s),
        limits=library.Limits(
            max_connections=settings.max_connections,
            max_keepalive_connections=settings.max_keepalive_connections,
        ),
        follow_redirects=False,
        event_hooks={"request": [_traced]},
    )


async def _traced(request: Any) -> None:
    sent = _SENT.get()

    async def trace(name: str, info: Mapping[str, Any]) -> None:
        # Not `complete`: who gives up while the client takes its breath after the last write would
        # never hear of that, and take a request that is with the server for one that never left.
        if name.endswith("send_request_body.started"):
            sent.whole = True

    request.extensions["trace"] = trace
