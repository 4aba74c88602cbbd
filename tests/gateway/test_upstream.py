"""A server behind the gateway may be reached through a proxy, and be trusted by a file."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from gairp.errors import ConfigError
from gairp.gateway.exchange.upstream import Upstream
from tests.backends.http.scripted import OK, scripted


def test_a_proxy_is_asked_in_the_servers_place() -> None:
    async def main() -> bytes:
        async with scripted((OK,)) as seen:  # takes the proxy's place
            upstream = Upstream(
                name="far", base_url="http://models.example:81/v1",
                proxy=f"http://u:p@{seen.url[7:]}",
            )  # fmt: skip
            answer = await upstream.post("chat", b"{}", (), math.inf)
            assert await answer.read() == b"ok"
            await upstream.aclose()
            return seen.requests[0]

    head = asyncio.run(main()).split(b"\r\n")
    assert head[0] == b"POST http://models.example:81/v1/chat/completions HTTP/1.1"
    assert b"Proxy-Authorization: Basic dTpw" in head


def test_a_certificate_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        Upstream(name="far", base_url="https://models.example/v1", ca_file=str(missing))
