"""A gateway of two tenants, a model server that writes down what it is sent, and a canary."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import openai

from gairp.gateway.app import create_app
from gairp.gateway.database.store import open_store
from gairp.gateway.gateway import Gateway
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.tenants.accounts import create_tenant, disable_tenant
from gairp.gateway.tenants.desk import Desk
from gairp.gateway.tenants.keys import create_key, revoke_key
from tests.gateway.tenants.world import issuer
from tests.gateway.world import PRICE_FILE, served

UPSTREAM_KEY = "sk-upstream-0123456789abcdef0123456789"
ADMIN = "admin-secret-of-many-characters"
LARGEST = 1 << 20
LINES: Any = {"role": "user", "content": "hello there"}


class Spy:
    """A model server: `requests` is what it was sent, `answer` what it says next."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.status, self.model, self.error = 200, "small", ""
        self.port, self.delay_s = 0, 0.0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def aclose(self) -> None:
        """End what is still open."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = next(
                (int(x.split(b":")[1]) for x in lines if x.startswith(b"content-length:")), 0
            )
            self.requests.append(head + await reader.readexactly(length))
            await asyncio.sleep(self.delay_s)
            body = json.dumps(self._said()).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                % (self.status, len(body))
                + body
            )
            await writer.drain()

    def _said(self) -> dict[str, Any]:
        if self.error:
            return {"error": {"message": self.error, "type": "x", "code": None, "param": None}}
        return {
            "id": "x", "object": "chat.completion", "created": 0, "model": self.model,
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": "hello"}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        }  # fmt: skip


class Logged(logging.Handler):
    """What was logged, by whomever."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class AttackWorld:
    """What an attacker can reach, and what tells whether it worked."""

    gateway: Gateway
    spy: Spy
    canary: Spy  #: nobody has any reason to ask it
    base_url: str
    port: int
    http: httpx2.AsyncClient
    home: Path
    log: Logged
    secrets: dict[str, str] = field(default_factory=dict)
    key_ids: dict[str, str] = field(default_factory=dict)

    def bearer(self, who: str = "acme") -> dict[str, str]:
        return {"authorization": f"Bearer {self.secrets[who]}"}

    async def chat(self, who: str = "acme", **body: Any) -> httpx2.Response:
        """A chat completion."""
        headers = {**self.bearer(who), **body.pop("headers", {})}
        fields = {"model": "small", "messages": [LINES], **body}
        return await self.http.post("/v1/chat/completions", json=fields, headers=headers)

    async def raw(self, data: bytes) -> bytes:
        """These bytes on a connection of their own; what comes back within a second."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        await writer.drain()
        found = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(1.0):
                while piece := await reader.read(65_536):
                    found += piece
                    if b"\r\n\r\n" in found:
                        await asyncio.sleep(0.05)
                        break
        writer.close()
        return found

    def client(self, who: str = "acme") -> openai.AsyncOpenAI:
        """OpenAI's own."""
        return openai.AsyncOpenAI(
            base_url=f"{self.base_url}/v1", api_key=self.secrets.get(who, who), max_retries=0
        )


def told(reply: httpx2.Response) -> str:
    """Status and code, as the table has them."""
    if reply.status_code == 200:
        return "200"
    code = reply.json()["error"]["code"]
    return f"{reply.status_code} {code}" if code else str(reply.status_code)


@contextlib.asynccontextmanager
async def attack_world(home: Path, **more: Any) -> AsyncIterator[AttackWorld]:
    """Everything on loopback; accounts in a database, tokens of an issuer, an operator's key."""
    os.environ["GAIRP_SPY_KEY"] = UPSTREAM_KEY
    (home / "prices.yaml").write_text(PRICE_FILE)
    secrets, key_ids = _accounts(home)
    spy, canary = Spy(), Spy()
    async with contextlib.AsyncExitStack() as stack:
        for one in (spy, canary):
            server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
            stack.push_async_callback(one.aclose)
            stack.callback(server.close)
            one.port = server.sockets[0].getsockname()[1]
        app = create_app(GatewaySettings.of(_settings(home, spy.port, **more)))
        port = await stack.enter_async_context(served(app))
        base = f"http://127.0.0.1:{port}"
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=base))
        log = Logged()
        logging.getLogger().addHandler(log)
        stack.callback(logging.getLogger().removeHandler, log)
        assert app.gateway is not None
        yield AttackWorld(app.gateway, spy, canary, base, port, http, home, log, secrets, key_ids)


def _settings(home: Path, port: int, **more: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/v1"
    return {
        "arms": {name: {"backend": "spy", "model": name} for name in ("small", "large")},
        "backends": {"spy": {"base_url": url, "api_key_env": "GAIRP_SPY_KEY"}},
        "policies": {"auto": {"_target_": "gairp.policies.linucb.LinUCB"}},
        "features": {"_target_": "gairp.features.HashedNgrams", "dim": 16},
        "prices": {"user_files": [str(home / "prices.yaml")]},
        "retry": {"calls": 1}, "home": str(home), "drain_s": 2.0, "largest_body": LARGEST,
        "accounts": True, "feeds": "thread", "jwt": [issuer()],
        "keys": [{"id": "root", "tenant": "operator", "scopes": ["admin"],
                  "sha256": sha256(ADMIN.encode()).hexdigest()}],
        **more,
    }  # fmt: skip


def _accounts(home: Path) -> tuple[dict[str, str], dict[str, str]]:
    store = open_store(f"sqlite:///{home}/ledger.db")
    desk = Desk(store, actor="test")
    for tenant in ("acme", "rival", "closed"):
        create_tenant(desk, tenant)
    past = Desk(store, actor="test", now=lambda: time.time() - 100)
    made = {
        "acme": create_key(desk, "acme"),
        "narrow": create_key(desk, "acme", scopes=["feedback"]),
        "small": create_key(desk, "acme", models=["small"]),
        "rival": create_key(desk, "rival"),
        "revoked": create_key(desk, "acme"),
        "expired": create_key(past, "acme", expires_at=time.time() - 50),
        "closed": create_key(desk, "closed"),
    }
    revoke_key(desk, made["revoked"].key.id)
    disable_tenant(desk, "closed")
    store.dispose()
    secrets = {name: new.secret.text for name, new in made.items()}
    return {**secrets, "root": ADMIN}, {name: new.key.id for name, new in made.items()}
