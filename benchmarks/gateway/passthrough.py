"""The least that an ASGI gateway can do, on our HTTP client and the server that we use: no more.

`python -m benchmarks.gateway.passthrough UPSTREAM_PORT PORT`
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn

from gairp.backends.http.client import HttpClient
from gairp.gateway.serving import protocol

_HEADERS = ((b"content-type", b"application/json"),)


class Passthrough:
    """Sends bodies on and answers back, and looks at neither."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._client: HttpClient | None = None

    async def __call__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        """ASGI, without a lifespan."""
        body = (await receive())["body"]
        if self._client is None:
            self._client = HttpClient(self._base_url, max_connections=4000, max_idle=4000)
        answer = await self._client.request(
            "POST", "/chat/completions", headers=_HEADERS, body=body
        )
        headers = [(k.lower(), v) for k, v in answer.headers if k.lower() != b"transfer-encoding"]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        async for piece in answer:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(
        Passthrough(f"http://127.0.0.1:{sys.argv[1]}/v1"),
        port=int(sys.argv[2]),
        loop="uvloop",
        lifespan="off",
        backlog=4096,
        **protocol(),
    )
