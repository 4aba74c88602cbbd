"""The gateway under uvicorn: in this process, or in several."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from gairp.backends.openai.secret import Secrets
from gairp.errors import ConfigError, MissingDependencyError
from gairp.gateway.app import App, create_app
from gairp.gateway.garbage import Garbage
from gairp.gateway.settings import GatewaySettings
from gairp.gateway.workers.shares import check_shared
from gairp.telemetry.event import note
from gairp.telemetry.logs import configure

_LOG = logging.getLogger("gairp.gateway")


def serve(settings: GatewaySettings) -> None:
    """Until SIGINT or SIGTERM: then no more is taken, and what is under way is finished.

    Raises ConfigError for settings that several workers cannot keep.
    """
    check_shared(settings)
    configure(settings.log, scrub=Secrets(_secrets(settings)).scrub)
    if settings.workers > 1:
        from gairp.gateway.workers.supervisor import Supervisor

        Supervisor(settings).run()
    else:
        run_app(create_app(settings), settings, ready=lambda: started(settings, settings.port))


def run_app(
    app: App,
    settings: GatewaySettings,
    *,
    sockets: list[socket.socket] | None = None,
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Serve in this process, on its own socket or on these; `ready` is called once it does."""
    try:
        import uvicorn
    except ImportError:
        raise MissingDependencyError("uvicorn", extra="gateway", needed_for="the gateway") from None

    class Server(uvicorn.Server):
        async def main_loop(self) -> None:
            ready()
            collecting = asyncio.create_task(Garbage(idle=app.idle).run())
            try:
                await super().main_loop()
            finally:
                collecting.cancel()
                with suppress(asyncio.CancelledError):
                    await collecting

    server = Server(
        uvicorn.Config(
            app.direct,
            host=settings.host,
            port=settings.port,
            loop=_loop(),
            lifespan="on",
            backlog=4096,
            timeout_graceful_shutdown=int(settings.drain_s) or None,
            **protocol(),
        )
    )
    try:
        with suppress(KeyboardInterrupt):  # told to uvicorn, which has ended in order by now
            server.run(sockets)
    except SystemExit:  # uvicorn's way to say that it did not start
        if app.failure is None:
            raise
    if app.failure is not None:
        raise app.failure
    if not server.started:
        raise ConfigError("the gateway did not start; the lines above say why")


def started(settings: GatewaySettings, port: int) -> None:
    """Say where it listens."""
    url = f"http://{settings.host}:{port}/v1"
    note(_LOG, logging.INFO, "gateway.started", f"gateway  {url}", url=url,
         arms=", ".join(settings.arms), policies=", ".join(settings.policies),
         workers=settings.workers)  # fmt: skip


def _secrets(settings: GatewaySettings) -> list[str]:
    """What no line of the log may hold: the values of the variables that the settings name."""
    names = [str(key["env"]) for key in settings.keys if key.get("env")]
    names += [str(b["api_key_env"]) for b in settings.backends.values() if b.get("api_key_env")]
    return [os.environ[name] for name in names if os.environ.get(name)]


def protocol() -> dict[str, Any]:
    """How uvicorn is to speak with clients."""
    from gairp.gateway.server_protocol import ServerProtocol

    return {
        "http": ServerProtocol,
        "ws": "none",
        "interface": "asgi3",
        "access_log": False,
        "log_config": None,
        "server_header": False,
        "date_header": False,
        "proxy_headers": False,
        "timeout_keep_alive": 75,
    }


def _loop() -> str:
    """uvloop where it is installed: it carries twice the requests."""
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return "asyncio"
    return "uvloop"
