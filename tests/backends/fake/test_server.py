"""The server: in a loop, in a thread, as a process; what it does and what it counts."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from gairp.backends.fake import FakeServer
from gairp.errors import ConfigError

_ASK = {"model": "m", "messages": [{"role": "user", "content": "hello wide 🌍 world"}]}


def _post(base_url: str, body: Any = _ASK, **headers: str) -> Any:
    request = urllib.request.Request(
        f"{base_url}/chat/completions", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_answers_in_a_thread() -> None:
    """Without a loop, a whole answer comes, its usage counted in words."""
    with FakeServer().in_thread() as server:
        answer = _post(server.base_url, **{"x-request-id": "r1"})
    assert answer["choices"][0]["message"]["content"] == "hello wide 🌍 world"
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["completion_tokens"] == 4
    (call,) = server.ledger.calls("r1")
    assert (call.billed_input, call.billed_output, call.finished) == (4, 4, True)


def test_answers_as_a_process() -> None:
    """The command prints its address, serves, and ends by a signal without a word."""
    command = [sys.executable, "-m", "gairp.backends.fake"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base_url = process.stdout.readline().strip()
        answer = _post(base_url)
        process.terminate()
        assert process.wait(10) == 0
    assert answer["object"] == "chat.completion"


def test_small_writes_go_out_at_once() -> None:
    """Nagle's algorithm keeps the second piece of an answer until the first is acknowledged."""

    async def main() -> int:
        async with FakeServer() as server:
            _, writer = await asyncio.open_connection(server.host, server.port)
            while not server.open_ones:
                await asyncio.sleep(0)
            (connection,) = server.open_ones
            taken = connection._transport.get_extra_info("socket")
            writer.close()
            return int(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    assert asyncio.run(main()) != 0


def test_a_program_that_raises_comes_up_at_the_end() -> None:
    """A script's own error is not swallowed."""

    def broken(ask: object) -> str:
        raise RuntimeError("no answer here")

    async def run() -> None:
        async with FakeServer({"models": {"m": {"answer": broken}}}) as server:
            await asyncio.to_thread(_fails, server.base_url)

    with pytest.raises(RuntimeError, match="no answer here"):
        asyncio.run(run())


def _fails(base_url: str) -> None:
    with pytest.raises(OSError):
        _post(base_url)


def test_a_status_strikes_when_it_should() -> None:
    """`first 2` strikes twice, with the header that it asks for."""
    fault = {"kind": "status_429", "retry_after_s": 2, "when": "first 2"}
    with FakeServer({"faults": [fault]}).in_thread() as server:
        for _ in range(2):
            with pytest.raises(urllib.error.HTTPError) as caught:
                _post(server.base_url)
            assert caught.value.code == 429
            assert caught.value.headers["Retry-After"] == "2"
            caught.value.close()
        assert _post(server.base_url)["usage"]["total_tokens"] == 8
    assert [call.status for call in server.ledger.calls()] == [429, 429, 200]


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ({"faults": ["no_such"]}, "unknown kind of fault 'no_such'"),
        ({"faults": [{"kind": "status_500", "when": "now"}]}, "when: 'now'"),
        ({"models": {"m": {"slots": "many"}}}, r"\$\.models\[\.\.\.\]\.slots"),
        ({"models": {"m": {"first_token_s": -1}}}, "models.m.first_token_s: -1"),
        ({"models": {"m": {"answer": "shout"}}}, "models.m.answer: 'shout' is no script"),
    ],
)
def test_refuses_a_wrong_program(program: dict[str, Any], says: str) -> None:
    """The message names the key."""
    with pytest.raises(ConfigError, match=says):
        FakeServer(program)
