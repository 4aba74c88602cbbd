"""One port for several processes, each with a socket of its own.

The kernel gives each connection to one of the sockets by a hash of its addresses (SO_REUSEPORT),
about as many to each. Of one socket that all inherit, whoever wakes up first takes what is there.
"""

from __future__ import annotations

import socket

from gairp.errors import ConfigError


def reserved(host: str, port: int) -> socket.socket:
    """Hold the port for the workers, without listening; port 0 takes a free one.

    Raises ConfigError where somebody else has it: with SO_REUSEPORT alone, two gateways would
    share it without a word.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            raise ConfigError(
                f"serving.port: {host}:{port} cannot be had ({error.strerror}); stop whoever "
                "listens there, or choose another port"
            ) from None
        if port == 0:
            port = probe.getsockname()[1]
    return _bound(family, host, port)


def worker_socket(held: socket.socket) -> socket.socket:
    """A worker's own on the port that is held; it gets connections once it listens."""
    host, port = held.getsockname()[:2]
    return _bound(held.family, host, port)


def _bound(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((host, port))
    return sock
