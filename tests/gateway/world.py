"""A gateway before a fake server, asked by OpenAI's own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import openai
import uvicorn

from gairp.backends.fake import FakeServer
from gairp.gateway.app import App, create_app
from gairp.gateway.gateway import Gateway
from gairp.gateway.serving import protocol
from gairp.gateway.settings import GatewaySettings

MODELS: Mapping[str, Any] = {
    "small": {"answer": {"text": "a short answer"}},
    "large": {"answer": {"text": "a longer and better answer"}},
}
HI: list[Any] = [{"role": "user", "content": "hello there"}]


@dataclass
class World:
    """A running gateway, and how to reach it."""

    fake: FakeServer
    app: App
    base_url: str
    client: openai.AsyncOpenAI
    http: httpx2.AsyncClient
    home: Path

    @property
    def gateway(self) -> Gateway:
        assert self.app.gateway is not None
        return self.app.gateway

    async def ask(self, model: str = "gairp/auto", **more: Any) -> Any:
        """One chat completion, raw: headers and all."""
        return await self.client.chat.completions.with_raw_response.create(
            model=model, messages=more.pop("messages", HI), **more
        )


def settings(fake_url: str, home: Path, **more: Any) -> GatewaySettings:
    """Two arms on one server, a learner over both."""
    values: dict[str, Any] = {
        "arms": {
            "small": {"backend": "fake", "model": "small"},
            "large": {"backend": "fake", "model": "large"},
        },
        "backends": {"fake": {"base_url": fake_url, "first_byte_timeout_s": 2.0}},
        "policies": {
            "auto": {"_target_": "gairp.policies.linucb.LinUCB"},
            "any": {"_target_": "gairp.policies.random.Random"},
        },
        "aliases": {"gpt-4o": "large", "both": ["small", "large"]},
        "features": {"_target_": "gairp.features.HashedNgrams", "dim": 16},
        "retry": {"calls": 2, "base_s": 0.001, "cap_s": 0.01, "max_wait_s": 5.0},
        "home": str(home),
        "drain_s": 2.0,
        "feeds": "thread",
    }
    return GatewaySettings.of({**values, **more})


@asynccontextmanager
async def world(
    home: Path, *, faults: list[Any] | None = None, models: Mapping[str, Any] = MODELS, **more: Any
) -> AsyncIterator[World]:
    """Everything on loopback, in one event loop."""
    prices = home / "prices.yaml"
    home.mkdir(parents=True, exist_ok=True)
    prices.write_text(PRICE_FILE)
    async with FakeServer({"models": dict(models), "faults": faults or []}) as fake:
        more.setdefault("prices", {"user_files": [str(prices)]})
        app = create_app(settings(fake.base_url, home, **more))
        async with served(app) as port:
            base = f"http://127.0.0.1:{port}"
            client = openai.AsyncOpenAI(base_url=f"{base}/v1", api_key="none", max_retries=0)
            async with client, httpx2.AsyncClient(base_url=base) as http:
                yield World(fake, app, base, client, http, home)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """The port of an application under uvicorn, as `gairp.serve` runs it."""
    config = uvicorn.Config(
        app, port=0, lifespan="on", timeout_graceful_shutdown=2,
        **{**protocol(), "log_level": "error"},
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the gateway did not start"
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


PRICE_FILE = """\
models:
  small:
    - {from: 2025-01-01, input: 0.1, output: 0.4}
  large:
    - {from: 2025-01-01, input: 1.0, output: 4.0}
"""
