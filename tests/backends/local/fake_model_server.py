"""A model server for tests: `python fake_model_server.py '{"port": …, …}'`.

Answers /health after `delay_s`, and /metrics with a text; `family` starts a child that ignores
SIGTERM and, in a session of its own, a grandchild whose parent is gone at once. Their process ids
go to the file `pids`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any


def have_family() -> list[int]:
    reader, writer = os.pipe()
    if not (child := os.fork()):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if not (middle := os.fork()):
        os.setsid()
        grandchild = os.fork()
        if grandchild:
            os.write(writer, str(grandchild).encode())
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    os.waitpid(middle, 0)
    return [os.getpid(), child, int(os.read(reader, 32))]


def main(settings: dict[str, Any]) -> None:
    print(settings.get("says", "loading"), flush=True)
    if "pids" in settings:
        Path(settings["pids"]).write_text(json.dumps(have_family()))
    if "exit" in settings:
        sys.exit(settings["exit"])
    time.sleep(settings.get("delay_s", 0))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = settings.get("metrics", "").encode() if self.path == "/metrics" else b"{}"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    HTTPServer(("127.0.0.1", settings["port"]), Handler).serve_forever()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
