"""The admin API: a FastAPI application behind the gateway's own key check."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine

from gairp.gateway.content.settings import ContentSettings
from gairp.gateway.credentials import credentials
from gairp.gateway.errors import ApiError
from gairp.gateway.exchange.client import Message, Receive, Send, read_body
from gairp.gateway.routes import accounts, content, issuers, keys, money, quotas, trail
from gairp.gateway.routes.bodies import Error
from gairp.gateway.routes.failures import handle_failures
from gairp.gateway.routes.prefix import PREFIX
from gairp.gateway.tenants.authenticator import Authenticator
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")
_LARGEST = 1 << 20
_ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "the request is not valid"},
    401: {"model": Error, "description": "no key, or a wrong one"},
    403: {"model": Error, "description": "the key lacks the scope admin"},
    404: {"model": Error, "description": "it is not there"},
    409: {"model": Error, "description": "it is there already, or over"},
    413: {"model": Error, "description": "the body is too large"},
    503: {"model": Error, "description": "the database cannot be reached"},
}


class AdminApi:
    """ASGI. Who calls is known, and may, before anything else is looked at."""

    def __init__(
        self,
        *,
        authenticator: Authenticator,
        store: Engine,
        audit: Path,
        accounts: bool,
        content: ContentSettings | None = None,
    ) -> None:
        """`accounts`: the database's tenants and keys are those of this gateway."""
        self._authenticator = authenticator
        self.app = _application(store, audit, with_accounts=accounts)
        self.app.state.content = content or ContentSettings()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request; ApiError where it is refused before a route is found."""
        authorization = credentials(dict(scope["headers"]), scope["headers"])
        principal = await self._authenticator.slow(authorization)
        if "admin" not in principal.scopes:
            raise ApiError(403, "this key may not administer: its scopes lack 'admin'")
        body = await read_body(receive, _LARGEST)
        try:
            await self.app({**scope, "state": {"principal": principal}}, _replay(body), send)
        except Exception as error:  # it was answered with 500, and starlette raises it again
            note(_LOG, logging.ERROR, "gateway.failed", f"{scope['method']} {scope['path']!r}",
                 error=error)  # fmt: skip


def _application(store: Engine, audit: Path, *, with_accounts: bool) -> FastAPI:
    app = FastAPI(
        title="GAIRP", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.store, app.state.audit = store, audit
    rooms = [money.router, trail.router, content.router]
    if with_accounts:
        rooms = [accounts.router, keys.router, quotas.router, issuers.router, *rooms]
    for router in rooms:
        app.include_router(router, prefix=PREFIX, responses=_ERRORS)
    handle_failures(app)
    return app


def _replay(body: bytes) -> Receive:
    """The body that was read, once."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive
