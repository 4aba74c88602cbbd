"""One worker under uvicorn."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import Any

from gairp.errors import ConfigError, MissingDependencyError
from gairp.gateway.app import create_app
from gairp.gateway.settings import GatewaySettings


def serve(settings: GatewaySettings) -> None:
    """Until SIGINT or SIGTERM: then no more is taken, and what is under way is finished."""
    try:
        import uvicorn
    except ImportError:
        raise MissingDependencyError("uvicorn", extra="gateway", needed_for="the gateway") from None
    app = create_app(settings)

    class Server(uvicorn.Server):
        async def startup(self, *args: Any, **kwargs: Any) -> None:
            await super().startup(*args, **kwargs)
            _leave_alone()

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


def _leave_alone() -> None:
    """Let the collector pass over what stays for good, and look less often for what does not.

    Requests leave no cycles behind unless they fail; what they do leave is counted here all the
    same, and to look through everything for it took a tenth of a request's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
