"""Backends that need more than an address, made of one: for a server that runs already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gairp.backends.cached import CachedBackend
from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.server import LocalServer
from gairp.backends.openai import OpenAIBackend
from gairp.types import ServerLoad


class Standing(LocalServer):
    """A local server that runs already, and is not ours to start or end."""

    kind = "standing"
    suspicion = "does it run?"

    def __init__(self, base_url: str) -> None:
        super().__init__(model="m")
        self.address = base_url.removesuffix("/v1")

    def start(self) -> str:
        """Where it is."""
        return self.address

    def stop(self) -> None:
        """Whoever started it ends it."""

    def died(self) -> str | None:
        """Nobody here knows."""
        return None

    def check(self) -> None:
        """Nothing has to be there."""

    def command(self, port: int) -> list[str]:
        """None: it runs."""
        return []

    def memory_needed(self) -> int:
        """None of ours."""
        return 0

    def load(self) -> ServerLoad | None:
        """It does not say."""
        return None


def local(base_url: str, **wire: Any) -> LocalBackend:
    """The backend of servers that are children, over one that runs already."""
    return LocalBackend(server=Standing(base_url), wire=wire)


def cached(base_url: str, path: str, *, read: bool = True, **wire: Any) -> CachedBackend:
    """The response cache before a server."""
    backend = OpenAIBackend(base_url=base_url, **wire)
    return CachedBackend(backend=backend, path=Path(path), read=read)
