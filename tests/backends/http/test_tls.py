"""TLS: whom to trust, and the same behaviour below it."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from gairp.backends.http import HttpClient
from gairp.backends.http.errors import BrokenConnectionError, NotConnectedError
from gairp.errors import ConfigError
from tests.backends.http.scripted import CLOSE, LOOPS, OK, RESET, client_of, run, scripted


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_whose_certificate_is_trusted_answers_on_one_connection(
    certificate: Path, server_side: ssl.SSLContext, loop: str
) -> None:
    body = b"y" * 300_000

    async def main() -> tuple[int, int]:
        told = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body
        async with scripted((told,), tls=server_side) as seen:
            url = f"https://localhost:{seen.port}"
            async with client_of(seen, url=url, ca_file=certificate) as client:
                for _ in range(5):
                    response = await client.request("POST", "/", body=b"x" * 200_000)
                    assert await response.read() == body
                return len(seen.requests), seen.connections

    assert run(main(), loop) == (5, 1)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_a_broken_answer_is_broken_below_tls_too(
    certificate: Path, server_side: ssl.SSLContext, end: str, loop: str
) -> None:
    async def main() -> BrokenConnectionError:
        told = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
        async with scripted((OK,), (told, 0.02, end), tls=server_side) as seen:
            url = f"https://localhost:{seen.port}"
            async with client_of(seen, url=url, ca_file=certificate) as client:
                assert await (await client.request("GET", "/")).read() == b"ok"
                response = await client.request("GET", "/")
                with pytest.raises(BrokenConnectionError) as caught:
                    await response.read()
                return caught.value

    assert run(main(), loop).partial == b"half"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_post_that_crossed_the_servers_close_is_sent_again(
    certificate: Path, server_side: ssl.SSLContext, loop: str
) -> None:
    async def main() -> tuple[int, int]:
        async with scripted((OK, CLOSE), (OK,), tls=server_side) as seen:
            url = f"https://localhost:{seen.port}"
            async with client_of(seen, url=url, ca_file=certificate) as client:
                assert await (await client.request("POST", "/", body=b"1")).read() == b"ok"
                pool = client._pool
                assert pool is not None
                (connection,) = pool._all
                connection._transport.pause_reading()  # as in a loop that is late
                await asyncio.sleep(0.05)
                asyncio.get_running_loop().call_later(0.02, connection._transport.resume_reading)
                assert await (await client.request("POST", "/", body=b"2")).read() == b"ok"
                return len(seen.requests), seen.connections

    assert run(main(), loop) == (2, 2)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_certificate_that_nobody_vouches_for_is_refused(
    server_side: ssl.SSLContext, loop: str
) -> None:
    async def main() -> NotConnectedError:
        async with scripted((OK,), tls=server_side) as seen:
            async with client_of(seen, url=f"https://localhost:{seen.port}") as client:
                with pytest.raises(NotConnectedError, match="certificate") as caught:
                    await client.request("POST", "/", body=b"secret")
            assert seen.requests == []
            return caught.value

    error = run(main(), loop)
    assert (error.kind, error.unsent) == ("connection", True)


def test_a_certificate_of_another_host_is_refused(
    certificate: Path, server_side: ssl.SSLContext
) -> None:
    async def main() -> None:
        async with scripted((OK,), tls=server_side) as seen:
            url = f"https://127.0.0.1:{seen.port}"
            async with client_of(seen, url=url, ca_file=certificate) as client:
                with pytest.raises(NotConnectedError, match=r"not valid for '127\.0\.0\.1'"):
                    await client.request("GET", "/")
            assert seen.requests == []

    run(main())


def test_a_server_that_speaks_no_tls_is_no_connection(certificate: Path) -> None:
    async def main() -> None:
        async with scripted((OK,)) as seen:
            url = f"https://localhost:{seen.port}"
            async with client_of(seen, url=url, ca_file=certificate, connect_timeout_s=0.3) as c:
                with pytest.raises(NotConnectedError):
                    await c.request("GET", "/")

    run(main())


def test_a_file_that_holds_no_certificates_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca_file .*none\.pem cannot be read"):
        HttpClient("https://localhost", ca_file=tmp_path / "none.pem")
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate")
    with pytest.raises(ConfigError, match="ca_file"):
        HttpClient("https://localhost", ca_file=empty)
