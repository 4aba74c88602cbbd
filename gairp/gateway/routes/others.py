"""What is asked for beside the hot path: the document, and the admin API where it is mounted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.client import Client, Headers, Receive, Send
from gairp.gateway.routes.document import document
from gairp.gateway.routes.page import POLICY, page
from gairp.gateway.routes.prefix import PREFIX
from gairp.gateway.tenants.authenticator import Authenticator

_JSON: Headers = [(b"content-type", b"application/json")]
_HTML: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
]


class Others:
    """ASGI; raises ApiError 404 for what is nowhere.

    Without an authenticator everybody may ask models, and nobody may administer: the admin API is
    not there then. FastAPI is loaded with it, and not before.
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
        self._admin: Any = None
        told: Mapping[str, Any] | None = None
        if authenticator is not None and store is not None:
            from gairp.gateway.routes.admin import AdminApi

            self._admin = AdminApi(
                authenticator=authenticator,
                store=store,
                audit=audit,
                accounts=accounts,
                content=content,
            )
            told = self._admin.app.openapi()
        self.document = document(told, keyed=authenticator is not None)
        self._json = json.dumps(self.document, ensure_ascii=False).encode()
        self._page = page(self.document).encode()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        path, method = scope["path"], scope["method"]
        if path in ("/openapi.json", "/docs"):
            if method not in ("GET", "HEAD"):
                raise ApiError(405, f"{method} is not for {path}; use GET",
                               headers={"allow": "GET"})  # fmt: skip
            whole = (_JSON, self._json) if path == "/openapi.json" else (_HTML, self._page)
            await Client(send).whole(200, *whole)
        elif self._admin is not None and (path == PREFIX or path.startswith(f"{PREFIX}/")):
            await self._admin(scope, receive, send)
        else:
            raise ApiError(404, f"nothing is at {method[:20]} {path[:100]}", code="not_found")
