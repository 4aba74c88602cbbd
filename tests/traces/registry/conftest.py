"""A file server on the loopback that misbehaves on demand, and a small registered dataset."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from gairp.traces.registry import catalogue

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ORIGINALS = {
    "data/AzureLLMInferenceTrace_code.csv": (
        b"TIMESTAMP,ContextTokens,GeneratedTokens\n"
        b"2023-11-16 18:17:04.5000000,300,3\n2023-11-16 18:17:03.2500000,100,1\n"
    ),
    "data/AzureLLMInferenceTrace_conv.csv": (
        b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.0000000,70,7\n"
    ),
}


def blob_id(content: bytes) -> str:
    """Git's address of a content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class FileServer:
    """Serves `files` by path; each list is used up, one entry a request."""

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True  #: honours Range headers
    cuts: list[int | None] = field(default_factory=list)  #: bytes sent before the line breaks
    statuses: list[int] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)  #: path, Range
    url: str = ""

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        if self.statuses:
            request.send_error(self.statuses.pop(0))
            return
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(content) > 0:
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        cut = self.cuts.pop(0) if self.cuts else None
        request.wfile.write(content[start:] if cut is None else content[start:][:cut])
        request.close_connection = True


@pytest.fixture
def server() -> Iterator[FileServer]:
    files = FileServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            files.handle(self)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        files.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield files
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GAIRP_DATA_MIRROR", "GAIRP_DATA_HOST"):
        monkeypatch.delenv(variable, raising=False)


def tiny_values() -> dict[str, Any]:
    """A dataset of two small original files, as its YAML would say it."""
    files = [
        {"path": path, "bytes": len(content), "blob": blob_id(content)}
        for path, content in ORIGINALS.items()
    ]
    return {
        "title": "Tiny",
        "kind": "arrivals",
        "about": "Three requests.",
        "licence": "CC0-1.0",
        "citation": "nobody",
        "size": {"rows": 3},
        "sources": [
            {"repository": "someone/tiny", "commit": COMMIT, "date": "2024-01-01", "files": files}
        ],
        "converter": "gairp.traces.converters.azure_llm_2023",
        "tables": {
            "code": {"file": "code.csv.gz", "shape": [2, 3]},
            "conv": {"file": "conv.csv.gz", "shape": [1, 3]},
        },
        "mirror": "tiny",
    }


Register = Callable[[dict[str, Any]], None]


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Register]:
    """Registers one dataset, `tiny`, in place of the shipped ones."""
    folder = tmp_path / "registry"
    folder.mkdir()

    def _register(values: dict[str, Any]) -> None:
        file = folder / "tiny.yaml"
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        monkeypatch.setattr(catalogue, "_files", lambda: {"tiny": file})
        catalogue.spec.cache_clear()

    yield _register
    catalogue.spec.cache_clear()


@pytest.fixture
def tiny(register: Register, server: FileServer) -> dict[str, Any]:
    """`tiny`, registered and served; its YAML values."""
    values = tiny_values()
    register(values)
    for path, content in ORIGINALS.items():
        server.files[f"/someone/tiny/{COMMIT}/{path}"] = content
    return values
