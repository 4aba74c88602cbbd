"""One worker under uvicorn."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

from gairp.errors import ConfigError, MissingDependencyError
from gairp.gateway.app import create_app
from gairp.gateway.garbage import Garbage
from gairp.gateway.settings import GatewaySettings


def serve(settings: GatewaySettings) -> None:
    """Until SIGINT or SIGTERM: then no more is taken, and what is under way is finished."""
    try:
        import uvicorn
    except ImportError:
        raise MissingDependencyError("uvicorn", extra="gateway", needed_for="the gateway") from None
    app = create_app(settings)

    class Server(uvicorn.Server):
        async def main_loop(self) -> None:
            collecting = asyncio.create_task(Garbage(idle=app.idle).run())
            try:
                await super().main_loop()
            finally:
                collecting.cancel()
                with suppress(asyncio.CancelledError):
                    await collecting

    server = Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            loop=_loop(),
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=False,
            proxy_headers=False,
            backlog=4096,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(settings.drain_s) or None,
        )
    )
    print(f"gateway  http://{settings.host}:{settings.port}/v1", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):  # told to uvicorn, which has ended in order by now
        server.run()
    if not server.started:
        raise ConfigError("the gateway did not start; the lines above say why")


def _loop() -> str:
    """uvloop where it is installed: it carries twice the requests."""
    try:
        import uvloop  # noqa: F401
    except ImportError:
        return "asyncio"
    return "uvloop"
