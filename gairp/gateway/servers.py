"""Model servers that the gateway starts itself, as children that end with it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import msgspec

from gairp.gateway.exchange.upstream import Upstream
from gairp.gateway.settings import GatewaySettings
from gairp.telemetry.event import note

_LOG = logging.getLogger("gairp.gateway")


async def started_upstreams(
    settings: GatewaySettings, stack: AsyncExitStack
) -> dict[str, Upstream]:
    """Start every backend with a `_target_` (a `LocalServer`), and speak to it where it listens.

    Raises BackendError with the reason where one does not start; those before it are ended then.
    """
    from hydra.utils import instantiate

    found: dict[str, Upstream] = {}
    for name, config in settings.backends.items():
        if "_target_" not in config:
            continue
        server: Any = instantiate(dict(config), _convert_="all")
        note(_LOG, logging.INFO, "server.starting", f"starting {name} …", backend=name)
        stack.push_async_callback(asyncio.to_thread, server.stop)
        address = await asyncio.to_thread(server.start)
        found[name] = Upstream(name=name, base_url=f"{address}/v1")
    return found


def start_servers(settings: GatewaySettings, stack: ExitStack) -> GatewaySettings:
    """The same before the workers are there: settings in which every server has an address."""
    from hydra.utils import instantiate

    backends = dict(settings.backends)
    for name, config in settings.backends.items():
        if "_target_" in config:
            server: Any = instantiate(dict(config), _convert_="all")
            note(_LOG, logging.INFO, "server.starting", f"starting {name} …", server=name)
            stack.callback(server.stop)
            backends[name] = {"base_url": f"{server.start()}/v1"}
    return msgspec.structs.replace(settings, backends=backends)
