"""Where a server is, out of its base URL."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from gairp.errors import ConfigError

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[0-9A-Za-z._:%-]+")  # names, IPv4, and IPv6 without its brackets


class Address(NamedTuple):
    """Scheme, host and port, and the path that everything lies below."""

    tls: bool
    host: str
    port: int
    path: str  #: without a slash at its end; "" for the root
    authority: str  #: for the Host header

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.path}"


def address(base_url: str) -> Address:
    """Raises ConfigError for what is no http or https URL, or holds a name and password."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _wrong(str(error)) from None
    if parts.scheme not in _PORTS or not host:
        raise _wrong("it needs http:// or https:// and a host, such as http://127.0.0.1:8000/v1")
    if "@" in parts.netloc:
        raise _wrong("it holds a name or password; send those in a header")
    if parts.query or parts.fragment:
        raise _wrong("it holds a query or fragment; give those with each request")
    host = _ascii(host)
    if not _HOST.fullmatch(host):
        raise _wrong(f"{host!r} is no host")
    literal = f"[{host}]" if ":" in host else host
    usual = port is None or port == _PORTS[parts.scheme]
    return Address(
        tls=parts.scheme == "https",
        host=host,
        port=port or _PORTS[parts.scheme],
        path=quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._"),
        authority=literal if usual else f"{literal}:{port}",
    )


def _ascii(host: str) -> str:
    """A name of other letters as the domain name system knows it."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        raise _wrong(f"{host!r} is no host") from None


def _wrong(why: str) -> ConfigError:
    return ConfigError(f"base_url of a server is wrong: {why}")  # not shown: it may hold a password
