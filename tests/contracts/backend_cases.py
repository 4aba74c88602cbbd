"""Every way to reach a model: those of the fault table. A backend without one is an error."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hydra.utils import instantiate

import gairp.backends
from gairp.backends.cached import CachedBackend
from gairp.backends.http import HttpBackend
from gairp.backends.http.channel import HttpChannel
from gairp.backends.local.backend import LocalBackend
from gairp.backends.openai import OpenAIBackend
from gairp.protocols import Backend
from gairp.runners.faults.ways import WAYS

#: Short, so that what hangs is given up soon; long enough for a busy machine.
PATIENCE = {"timeout_s": 8.0, "first_token_timeout_s": 4.0, "idle_timeout_s": 4.0}
Build = Callable[..., Backend]


@dataclass(frozen=True)
class Case:
    """One backend in one mode: `build(base_url, **settings)`, and how to see its connections."""

    name: str
    build: Build
    streams: bool  #: the answer comes in pieces, so that its first token can be timed
    pool: Callable[[Backend], OpenAIBackend]  #: the client with its connections

    def __str__(self) -> str:
        return self.name

    def connections_in_use(self, backend: Backend) -> int:
        """How many of the client's connections carry a call."""
        channel = cast(Any, self.pool(backend)._connection)
        if isinstance(channel, HttpChannel):
            return channel.client.in_use
        client = channel._client
        pool = client._client._transport._pool
        return sum(not connection.is_idle() for connection in pool.connections)


def _build(name: str) -> Build:
    """The backend of the fault table, quick to lose its patience."""

    def build(base_url: str, **settings: Any) -> Backend:
        config = {**WAYS[name](base_url, Path(tempfile.mkdtemp())), **PATIENCE, **settings}
        if name == "cached":
            config["read"] = False
        backend: Backend = instantiate(config, _convert_="all")
        return backend

    return build


def _itself(backend: Backend) -> OpenAIBackend:
    return cast(OpenAIBackend, backend)


def _of_local(backend: Backend) -> OpenAIBackend:
    opening = cast(LocalBackend, backend)._opening
    assert opening is not None, "nothing was asked yet"
    return cast(OpenAIBackend, opening.result())


def _of_cached(backend: Backend) -> OpenAIBackend:
    return cast(OpenAIBackend, cast(CachedBackend, backend).backend)


CASES = tuple(
    Case(
        name,
        _build(name),
        streams=not name.endswith("-whole"),
        pool={"local": _of_local, "cached": _of_cached}.get(name, _itself),
    )
    for name in WAYS
)

#: The classes that the cases build.
COVERED = {OpenAIBackend, HttpBackend, LocalBackend, CachedBackend}


def backend_classes() -> set[type]:
    """Every class in `gairp.backends` that keeps the protocol `Backend`."""
    found = set[type]()
    for module in pkgutil.walk_packages(gairp.backends.__path__, "gairp.backends."):
        if module.name.endswith("__main__"):
            continue
        for _, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            methods = all(
                callable(getattr(value, n, None)) for n in ("complete", "stream", "aclose")
            )
            if methods and value.__module__ == module.name:
                found.add(value)
    return found
