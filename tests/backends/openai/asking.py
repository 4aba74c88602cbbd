"""Ask a backend from a test that is not asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from gairp.backends.openai import OpenAIBackend
from gairp.types import Arm, Chunk, Request, Response
from tests.backends.openai.raw_server import Served, Step, raw_server

ARM = Arm(name="small", model="asked-for")
REQUEST = Request(id="r1", messages=({"role": "user", "content": "How many are two and two?"},))


def answered(
    steps: Iterable[Step],
    *,
    request: Request = REQUEST,
    arm: Arm = ARM,
    server: dict[str, Any] | None = None,
    **settings: Any,
) -> tuple[Response, Served]:
    """The whole answer of a server that sends these steps."""

    async def ask() -> tuple[Response, Served]:
        async with raw_server(steps, **(server or {})) as served:
            backend = OpenAIBackend(base_url=served.url, **settings)
            try:
                return await backend.complete(request, arm), served
            finally:
                await backend.aclose()

    return asyncio.run(ask())


def streamed(steps: Iterable[Step], **settings: Any) -> list[Chunk]:
    """The chunks of a server that sends these steps."""

    async def ask() -> list[Chunk]:
        async with raw_server(steps) as served:
            backend = OpenAIBackend(base_url=served.url, **settings)
            try:
                return [chunk async for chunk in backend.stream(REQUEST, ARM)]
            finally:
                await backend.aclose()

    return asyncio.run(ask())
