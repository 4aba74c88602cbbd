"""Every way to reach a model, as a table of factories; a backend without an entry is an error."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import gairp.backends
from gairp.backends.cached import CachedBackend
from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.server import LocalServer
from gairp.backends.openai import OpenAIBackend
from gairp.protocols import Backend
from gairp.types import ServerLoad

#: Short, so that what hangs is given up soon; long enough for a busy machine.
PATIENCE = {"timeout_s": 8.0, "first_token_timeout_s": 4.0, "idle_timeout_s": 4.0}
Build = Callable[..., Backend]


@dataclass(frozen=True)
class Case:
    """One backend in one mode: `build(base_url, **settings)`, and how to see its connections."""

    name: str
    build: Build
    streams: bool = True  #: the answer comes in pieces, so that its first token can be timed
    pool: Callable[[Backend], OpenAIBackend] = lambda backend: cast(OpenAIBackend, backend)

    def __str__(self) -> str:
        return self.name

    def connections_in_use(self, backend: Backend) -> int:
        """How many of the client's connections carry a call."""
        client = self.pool(backend)._connection._client
        pool = client._client._transport._pool
        return sum(not connection.is_idle() for connection in pool.connections)


class Standing(LocalServer):
    """A local server that runs already, and is not ours to end."""

    kind = "standing"
    suspicion = "is it there?"

    def __init__(self, base_url: str) -> None:
        super().__init__(model="m")
        self.standing = base_url.removesuffix("/v1")

    def start(self) -> str:
        return self.standing

    def stop(self) -> None:
        return None

    def died(self) -> str | None:
        return None

    def check(self) -> None:
        return None

    def command(self, port: int) -> list[str]:
        return []

    def memory_needed(self) -> int:
        return 0

    def load(self) -> ServerLoad | None:
        return None


def _openai(**fixed: Any) -> Build:
    def build(base_url: str, **settings: Any) -> Backend:
        return OpenAIBackend(base_url=base_url, **{**PATIENCE, **fixed, **settings})

    return build


def _local(base_url: str, **settings: Any) -> Backend:
    return LocalBackend(server=Standing(base_url), wire={**PATIENCE, **settings})


def _cached(base_url: str, **settings: Any) -> Backend:
    folder = tempfile.mkdtemp(prefix="gairp-cache-")
    inner = OpenAIBackend(base_url=base_url, **{**PATIENCE, **settings})
    return CachedBackend(backend=inner, path=Path(folder) / "cache.sqlite", read=False)


def _of_local(backend: Backend) -> OpenAIBackend:
    opening = cast(LocalBackend, backend)._opening
    assert opening is not None, "nothing was asked yet"
    return cast(OpenAIBackend, opening.result())


CASES = (
    Case("openai-chat-stream", _openai()),
    Case("openai-chat-whole", _openai(stream=False), streams=False),
    Case("openai-responses-stream", _openai(api="responses")),
    Case("openai-responses-whole", _openai(api="responses", stream=False), streams=False),
    Case("local", _local, pool=_of_local),
    Case("cached", _cached, pool=lambda backend: cast(OpenAIBackend, cast(Any, backend).backend)),
)

#: The classes that the cases build.
COVERED = {OpenAIBackend, LocalBackend, CachedBackend}


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
