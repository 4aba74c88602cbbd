"""Bursts of requests through one HTTP client: ours, aiohttp's, and the one that openai brings."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from importlib import import_module
from typing import Any

from benchmarks.raw_responder import BODY
from gairp.backends.http import HttpClient

CONNECTIONS = 32
ASKED = b'{"model":"m","messages":[{"role":"user","content":"Who lit the lamp?"}],"max_tokens":64}'
HEADERS = {"authorization": "Bearer key", "content-type": "application/json", "x-request-id": "1"}
PATH = "/v1/chat/completions"


class HttpLoop(ABC):
    """Calling it makes `requests` requests over 32 connections and reads each answer whole."""

    def __init__(self, runner: asyncio.Runner, base_url: str, *, requests: int) -> None:
        self.runner, self.base_url, self.requests = runner, base_url, requests
        self.answered = 0
        runner.run(self.open())

    def __call__(self) -> None:
        self.runner.run(self._burst())

    async def _burst(self) -> None:
        each = self.requests // CONNECTIONS
        await asyncio.gather(*[self._some(each) for _ in range(CONNECTIONS)])

    async def _some(self, number: int) -> None:
        for _ in range(number):
            status, body = await self.ask()
            assert (status, len(body)) == (200, len(BODY))
            self.answered += 1

    @abstractmethod
    async def open(self) -> None:
        """Make the client, inside the loop."""

    @abstractmethod
    async def ask(self) -> tuple[int, bytes]:
        """Status and body of one answer."""

    @abstractmethod
    async def close(self) -> None:
        """Close its connections."""


class OurLoop(HttpLoop):
    """With the limits that the gateway has."""

    async def open(self) -> None:
        self.client = HttpClient(self.base_url, max_connections=CONNECTIONS)
        self.headers = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
        self.time = asyncio.get_running_loop().time

    async def ask(self) -> tuple[int, bytes]:
        due = self.time() + 60.0
        response = await self.client.request("POST", PATH, self.headers, ASKED, due=due)
        return response.status, await response.read()

    async def close(self) -> None:
        await self.client.aclose()


class AiohttpLoop(HttpLoop):
    """With limits of time, as ours, and without cookies."""

    async def open(self) -> None:
        aiohttp: Any = import_module("aiohttp")
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=60.0),
        )

    async def ask(self) -> tuple[int, bytes]:
        address = self.base_url + PATH
        async with self.session.post(address, data=ASKED, headers=HEADERS) as response:
            return response.status, await response.read()

    async def close(self) -> None:
        await self.session.close()


class HttpxLoop(HttpLoop):
    """httpx, or its successor httpx2, whichever openai speaks through."""

    async def open(self) -> None:
        httpx: Any = import_module(library())
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self.client = httpx.AsyncClient(limits=limits, timeout=60.0)

    async def ask(self) -> tuple[int, bytes]:
        response = await self.client.post(self.base_url + PATH, content=ASKED, headers=HEADERS)
        return response.status_code, response.content

    async def close(self) -> None:
        await self.client.aclose()


def library() -> str:
    """The name of the package below openai's client."""
    from openai import DefaultAsyncHttpxClient

    ours = (c.__module__ for c in DefaultAsyncHttpxClient.__mro__)
    return next(name for name in ours if not name.startswith("openai")).partition(".")[0]
