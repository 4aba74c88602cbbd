"""Workers and learner as they are, in one event loop: cheap, and open to look into."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gairp.backends.fake import FakeServer
from gairp.gateway.app import App, create_app
from gairp.gateway.workers.learner import learn
from gairp.gateway.workers.part import Part
from gairp.gateway.workers.stop import Stop
from tests.gateway.world import HI, MODELS, PRICE_FILE, served, settings


@dataclass
class Member:
    """One worker."""

    app: App
    http: httpx2.AsyncClient

    async def ask(self, model: str = "gairp/auto", **headers: str) -> httpx2.Response:
        body = {"model": model, "messages": HI}
        answer = await self.http.post("/v1/chat/completions", json=body, headers=headers)
        answer.raise_for_status()
        return answer

    async def tell(self, decision: str, score: float, **headers: str) -> httpx2.Response:
        body = {"decision_id": decision, "score": score}
        return await self.http.post("/v1/feedback", json=body, headers=headers)

    def version(self, name: str = "auto") -> str:
        """Of the policy in charge."""
        assert self.app.gateway is not None
        return self.app.gateway.engine.house.find(name).version


@asynccontextmanager
async def team(home: Path, **more: Any) -> AsyncIterator[list[Member]]:
    """Two workers; the learner ends last."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "prices.yaml").write_text(PRICE_FILE)
    more = {
        "workers": 2, "publish": {"learns": 2, "after_s": 0.01}, "snapshot_every_s": 0.2,
        "prices": {"user_files": [str(home / "prices.yaml")]}, **more,
    }  # fmt: skip
    stop, ready = Stop(-1, within_s=5.0), asyncio.Event()
    async with AsyncExitStack() as stack:
        line = stack.enter_context(tempfile.TemporaryDirectory(prefix="gairp-"))
        fake = await stack.enter_async_context(FakeServer({"models": dict(MODELS)}))
        values = settings(fake.base_url, home, **more)
        parts = [
            Part(number=n, of=2, line=f"{line}/learner.sock", started=time.monotonic())
            for n in range(3)
        ]
        learner = asyncio.create_task(learn(values, parts[0], stop, ready.set))
        await asyncio.wait(
            [learner, asyncio.create_task(ready.wait())], return_when="FIRST_COMPLETED"
        )
        async with AsyncExitStack() as workers:
            members = []
            for part in parts[1:]:
                app = create_app(values, part)
                port = await workers.enter_async_context(served(app))
                http = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20.0)
                members.append(Member(app, await workers.enter_async_context(http)))
            yield members
        stop.ask()
        await learner


async def until(holds: Any, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.01)
