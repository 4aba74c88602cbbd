"""The load: wrk for rates and latencies, a bare socket for the first byte."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.environments import library_path
from benchmarks.gateway.process import LOAD_CORE

_PROMPT = (
    "Please summarise the following text in one sentence: the quick brown fox jumps over the lazy "
    "dog near the river bank."
)
_REPORT = """
done = function(summary, latency, requests)
  io.write(string.format('{"requests": %d, "us": %d, "p50": %d, "p99": %d, "failed": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One slice; latencies in milliseconds."""

    a_second: float
    p50_ms: float
    p99_ms: float
    requests: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to send what."""

    port: int
    path: str
    headers: Mapping[str, str]
    model: str

    def body(self, *, stream: bool, slowly: bool = False) -> bytes:
        """A short conversation."""
        system = "You are a helpful assistant." + (" Answer slowly." if slowly else "")
        messages = [
            {"role": "system", "content": system},
            {"role": "user", "content": _PROMPT},
        ]
        fields = {"model": self.model, "messages": messages, "max_tokens": 64}
        more = {"stream": True} if stream else {}
        return json.dumps({**fields, **more}, separators=(",", ":")).encode()

    def request(self, body: bytes) -> bytes:
        """The bytes of the whole request."""
        lines = [f"POST {self.path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"content-length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Wrk:
    """Runs wrk on the core of the load."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._environment = {**os.environ, "LD_LIBRARY_PATH": library_path()}

    def run(self, target: Target, *, connections: int, seconds: int, stream: bool) -> Measured:
        """One slice."""
        script = self._folder / "load.lua"
        lines = ['wrk.method = "POST"', f"wrk.body = [==[{target.body(stream=stream).decode()}]==]"]
        headers = {"content-type": "application/json", **target.headers}
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
        script.write_text("\n".join(lines) + _REPORT, encoding="utf-8")
        command: Sequence[str] = [
            "taskset", "-c", str(LOAD_CORE), str(self._program), "-t1", f"-c{connections}",
            f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script),
            f"http://127.0.0.1:{target.port}{target.path}",
        ]  # fmt: skip
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, check=True,
            timeout=seconds + 60,
        )  # fmt: skip
        found = json.loads(done.stdout.strip().splitlines()[-1])
        return Measured(
            a_second=found["requests"] / (found["us"] * 1e-6),
            p50_ms=found["p50"] * 1e-3,
            p99_ms=found["p99"] * 1e-3,
            requests=found["requests"],
            failed=found["failed"],
        )


def answers(target: Target, within_s: float) -> bool:
    """Ask until the answer is a good one; some listen before they know whom to ask."""
    due, data = time.monotonic() + within_s, target.request(target.body(stream=False))
    while time.monotonic() < due:
        with socket.create_connection(("127.0.0.1", target.port), timeout=30) as connection:
            connection.sendall(data)
            if b" 200 " in connection.recv(1 << 16).partition(b"\r\n")[0]:
                return True
        time.sleep(0.1)
    return False


def first_byte_ms(target: Target, *, times: int) -> float:
    """Median milliseconds from the request to the first event of a stream, one connection."""
    data, found = target.request(target.body(stream=True)), []
    with socket.create_connection(("127.0.0.1", target.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            start = time.perf_counter()
            connection.sendall(data)
            got = b""
            while b"data:" not in got:
                got += _received(connection)
            found.append(time.perf_counter() - start)
            while not got.endswith(b"0\r\n\r\n"):
                got += _received(connection)
    return statistics.median(found) * 1e3


def _received(connection: socket.socket) -> bytes:
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionError("the stream ended too early")
    return data
