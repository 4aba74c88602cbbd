"""What goes onto the wire is one request, whatever is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gairp.backends.http import HttpClient
from gairp.backends.http.address import address
from gairp.backends.http.errors import UnsendableError
from gairp.backends.http.outgoing import Header, header_lines, outgoing
from gairp.errors import ConfigError
from tests.backends.http.scripted import OK, client_of, run, scripted

HOST = b"Host: h\r\n"


def test_a_request_is_sent_as_it_was_given() -> None:
    async def main() -> list[bytes]:
        async with scripted((OK,)) as seen:
            url, fixed = seen.url + "/v1/", [(b"X-Fixed", b"f")]
            async with client_of(seen, url=url, headers=fixed) as client:
                headers = [(b"Authorization", b"Bearer k"), (b"x-y", "ü".encode())]
                await client.request("POST", "/chat?a=%20b", headers, b'{"a":1}')
                await client.request("POST", "/empty")
                await client.request("GET", "/models", body=memoryview(b"view"))
                return [r.replace(b"%d" % seen.port, b"PORT") for r in seen.requests]

    top = b"Host: 127.0.0.1:PORT\r\nAccept-Encoding: identity\r\nX-Fixed: f\r\n"
    assert run(main()) == [
        b"POST /v1/chat?a=%20b HTTP/1.1\r\n" + top + b"Authorization: Bearer k\r\n"
        b'x-y: \xc3\xbc\r\nContent-Length: 7\r\n\r\n{"a":1}',
        b"POST /v1/empty HTTP/1.1\r\n" + top + b"Content-Length: 0\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\n" + top + b"Content-Length: 4\r\n\r\nview",
    ]


@pytest.mark.parametrize(
    "pair",
    [
        (b"a", b"b\r\nX: y"), (b"a", b"b\nX: y"), (b"a", b"b\rX"), (b"a", b"\x00"), (b"a", b"\x7f"),
        (b"", b"b"), (b"a b", b"c"), (b"a:", b"b"), (b"a\r\nb", b"c"), (b" a", b"b"),
        (b"a: b\r\nc", b"d"), ("é".encode(), b"b"),
        (b"Content-Length", b"5"), (b"transfer-encoding", b"chunked"), (b"HOST", b"evil"),
        (b"Connection", b"close"), (b"Upgrade", b"h2c"), (b"Expect", b"100-continue"),
    ],
)  # fmt: skip
def test_headers_that_would_smuggle_are_refused_and_their_values_not_told(pair: Header) -> None:
    with pytest.raises(UnsendableError) as caught:
        outgoing("POST", "", "/", HOST, [(b"fine", b"secret"), pair], b"")
    assert "secret" not in str(caught.value)
    assert (caught.value.kind, caught.value.unsent) == ("bad_request", True)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET ", "/"), ("GET\r\n", "/"), ("get", "/"), ("", "/"), ("CONNECT", "/"), ("G" * 17, "/"),
        ("GET", ""), ("GET", "x"), ("GET", "/ HTTP/1.1\r\nX: y"), ("GET", "/a b"), ("GET", "/\n"),
        ("GET", "/#f"), ("GET", "/ü"), ("GET", "/\x00"), ("GET", "http://other/"),
    ],
)  # fmt: skip
def test_request_lines_that_would_smuggle_are_refused(method: str, target: str) -> None:
    with pytest.raises(UnsendableError):
        outgoing(method, "", target, HOST, (), b"")


@given(st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=4))
def test_whatever_is_let_pass_reads_back_as_the_same_headers(pairs: list[Header]) -> None:
    try:
        lines = header_lines(pairs)
    except UnsendableError:
        return
    rows = lines.split(b"\r\n")
    assert rows.pop() == b""
    assert [tuple(row.split(b": ", 1)) for row in rows] == pairs
    assert not any(c < 32 and c != 9 for row in rows for c in row)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h", (False, "h", 80, "", "h")),
        ("https://h/v1/", (True, "h", 443, "/v1", "h")),
        ("http://h:8000/a b", (False, "h", 8000, "/a%20b", "h:8000")),
        ("http://[::1]:9/v1", (False, "::1", 9, "/v1", "[::1]:9")),
        ("HTTPS://Example.COM:443", (True, "example.com", 443, "", "example.com")),
        ("http://bü.de", (False, "xn--b-eha.de", 80, "", "xn--b-eha.de")),
    ],
)  # fmt: skip
def test_an_address_is_read_from_its_url(url: str, told: tuple[object, ...]) -> None:
    assert tuple(address(url)) == told


@pytest.mark.parametrize(
    "url",
    ["", "h", "ftp://h", "http://", "http://h:x", "http://h:99999", "http://u:p@h", "http://h?a=b",
     "http://h/#f", "http://a b", "http://h\r\nX: y", "//h", "http://a_ü\u2028"],
)  # fmt: skip
def test_an_address_that_is_none_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url") as caught:
        address(url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_connections", 0), ("largest_head", 0), ("connect_timeout_s", 0.0),
        ("head_timeout_s", -1.0), ("idle_timeout_s", float("nan")), ("keepalive_s", 0.0),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_named(setting: str, value: float) -> None:
    with pytest.raises(ConfigError, match=setting):
        HttpClient("http://h", **{setting: value})  # type: ignore[arg-type]
