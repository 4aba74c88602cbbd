"""What is asked for beside the hot path: the document, and the admin API where it is mounted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.client import Client, Headers, Receive, Send
from gairp.gateway.routes.document import document
from gairp.gateway.routes.page import POLICY, page
from gairp.gateway.routes.prefix import PREFIX
from gairp.gateway.tenants.authenticator import Authenticator

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gairp.gateway.routes.admin import AdminApi

_JSON: Headers = [(b"content-type", b"application/json")]
_HTML: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
]


class _Made(NamedTuple):
    """What takes FastAPI, and half a second, to make."""

    admin: AdminApi | None
    document: bytes
    page: bytes


class Others:
    """ASGI; raises ApiError 404 for what is nowhere.

    Without an authenticator everybody may ask models, and nobody may administer: the admin API is
    not there then. It and its document are made when somebody first asks for them, in a thread: no
    start waits for them, and a gateway that nobody administers never loads FastAPI.
    """

    def __init__(
        self,
        *,
        authenticator: Authenticator | None = None,
        store: Engine | None = None,
        audit: Path = Path("audit.jsonl"),
        accounts: bool = False,
        content: ContentSettings | None = None,
    ) -> None:
        self._authenticator, self._store = authenticator, store
        self._audit, self._accounts, self._content = audit, accounts, content
        self._making = asyncio.Lock()
        self._made: _Made | None = None

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        path, method = scope["path"], scope["method"]
        if path in ("/openapi.json", "/docs"):
            if method not in ("GET", "HEAD"):
                raise ApiError(405, f"{method} is not for {path}; use GET",
                               headers={"allow": "GET"})  # fmt: skip
            made = await self._parts()
            whole = (_JSON, made.document) if path == "/openapi.json" else (_HTML, made.page)
            await Client(send).whole(200, *whole)
            return
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            admin = (await self._parts()).admin if self._administered else None
            if admin is not None:
                await admin(scope, receive, send)
                return
        raise ApiError(404, f"nothing is at {method[:20]} {path[:100]}", code="not_found")

    @property
    def _administered(self) -> bool:
        return self._authenticator is not None and self._store is not None

    async def _parts(self) -> _Made:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    def _make(self) -> _Made:
        admin, told = None, None
        if self._authenticator is not None and self._store is not None:
            from gairp.gateway.routes.admin import AdminApi

            admin = AdminApi(
                authenticator=self._authenticator,
                store=self._store,
                audit=self._audit,
                accounts=self._accounts,
                content=self._content,
            )
            told = admin.app.openapi()
        whole = document(told, keyed=self._authenticator is not None)
        return _Made(admin, json.dumps(whole, ensure_ascii=False).encode(), page(whole).encode())
