"""`python -m gairp.backends.fake [--port 0] [--program FILE]`: a fake model server.

Prints its address once it listens, and runs until it is interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from typing import IO

import msgspec

from gairp.backends.fake.ledger import Call
from gairp.backends.fake.program import Program
from gairp.backends.fake.server import FakeServer
from gairp.errors import GairpError


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; exit code 2 for a program that is wrong."""
    parser = argparse.ArgumentParser("python -m gairp.backends.fake", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--program", metavar="FILE", help="YAML; without it, echoes")
    parser.add_argument("--calls", metavar="FILE", help="append its account: a JSON line each time "
                        "that an answer begins, and another when it has ended")  # fmt: skip
    options = parser.parse_args(arguments)
    try:
        program = Program.read(options.program) if options.program else Program()
        with contextlib.ExitStack() as stack:
            told = None
            if options.calls:
                told = CallFile(stack.enter_context(open(options.calls, "ab", buffering=0)))
            server = FakeServer(program, host=options.host, port=options.port, told=told)
            asyncio.run(_serve(server))
    except (GairpError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


class CallFile:
    """Writes each call where it outlives the process, a kill included."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __call__(self, call: Call) -> None:
        self._file.write(msgspec.json.encode(call) + b"\n")


async def _serve(server: FakeServer) -> None:
    over = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal_number, over.set)
    async with server:
        print(server.base_url, flush=True)
        await over.wait()


if __name__ == "__main__":
    sys.exit(main())
