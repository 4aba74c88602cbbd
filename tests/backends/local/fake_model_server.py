"""A model server for tests: `python fake_model_server.py '{"port": …, …}'`.

Answers /health after `delay_s`, /metrics with a text, and a chat with `answer`, word by word, or
dies of the question. `pids` names a file for the ids of its process, of a child that ignores
SIGTERM and, in a session of its own, of a grandchild whose parent is gone at once. `tidies` names
a file that a child writes at SIGTERM.
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


def have_tidy_child(file: Path) -> None:
    reader, writer = os.pipe()
    if not os.fork():

        def tidy(*_: object) -> None:
            time.sleep(0.1)
            file.write_text("tidy")
            os._exit(0)

        signal.signal(signal.SIGTERM, tidy)
        os.write(writer, b"!")
        time.sleep(600)
    os.read(reader, 1)


def events(answer: str) -> list[dict[str, Any]]:
    """OpenAI's chat completion chunks: a piece a word, the end, the usage."""
    words = answer.split(" ")
    pieces = [word if i == 0 else f" {word}" for i, word in enumerate(words)]
    choices: list[list[dict[str, Any]]] = [
        [{"index": 0, "delta": {"content": piece}, "finish_reason": None}] for piece in pieces
    ]
    choices += [[{"index": 0, "delta": {}, "finish_reason": "stop"}], []]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "toy"}
    found: list[dict[str, Any]] = [{**head, "choices": one} for one in choices]
    usage = {"prompt_tokens": 9, "completion_tokens": len(words), "total_tokens": 9 + len(words)}
    found[-1]["usage"] = usage
    return found


def main(settings: dict[str, Any]) -> None:
    print(settings.get("says", "loading"), flush=True)
    if "pids" in settings:
        Path(settings["pids"]).write_text(json.dumps(have_family()))
    if "tidies" in settings:
        have_tidy_child(Path(settings["tidies"]))
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

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if "dies_when_asked" in settings:
                os._exit(9)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for event in [*map(json.dumps, events(settings["answer"])), "[DONE]"]:
                self.wfile.write(f"data: {event}\n\n".encode())

        def log_message(self, format: str, *args: object) -> None:
            return None

    HTTPServer(("127.0.0.1", settings["port"]), Handler).serve_forever()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
