"""The ways to reach a model: each is what stands below `live.backends` of a live run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Way = Callable[[str, Path], dict[str, Any]]
_OPENAI = "gairp.backends.openai.OpenAIBackend"
_HTTP = "gairp.backends.http.HttpBackend"
_HERE = "gairp.runners.faults.standing"


def _at(target: str, **fixed: Any) -> Way:
    def way(base_url: str, folder: Path) -> dict[str, Any]:
        return {"_target_": target, "base_url": base_url, **fixed}

    return way


def _local(base_url: str, folder: Path) -> dict[str, Any]:
    return {"_target_": f"{_HERE}.local", "base_url": base_url}


def _cached(base_url: str, folder: Path) -> dict[str, Any]:
    path = str(folder / "responses.sqlite")
    return {"_target_": f"{_HERE}.cached", "base_url": base_url, "path": path}


#: Name -> settings of the backend, from a server's base URL and a folder to keep things in.
WAYS: Mapping[str, Way] = {
    "openai-chat-stream": _at(_OPENAI),
    "openai-chat-whole": _at(_OPENAI, stream=False),
    "openai-responses-stream": _at(_OPENAI, api="responses"),
    "openai-responses-whole": _at(_OPENAI, api="responses", stream=False),
    "http-stream": _at(_HTTP),
    "http-whole": _at(_HTTP, stream=False),
    "local": _local,
    "cached": _cached,
}
