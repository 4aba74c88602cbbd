"""Ports of the loopback interface."""

from __future__ import annotations

import os
import socket

from gairp.errors import BackendError

HOST = "127.0.0.1"


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server((HOST, 0)) as probe:
        return int(probe.getsockname()[1])


def require_free(port: int, what: str) -> None:
    """BackendError where somebody listens on it already."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise BackendError(
            f"{what}: port {port} of {HOST} cannot be used ({os.strerror(error.errno or 0)}); "
            "set `port` to another one, or to 0 to take any free one"
        ) from error
