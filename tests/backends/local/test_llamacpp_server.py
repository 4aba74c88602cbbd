"""The llama.cpp launcher, with a real model where one is installed."""

from __future__ import annotations

import importlib.util
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from gairp.backends.local.llamacpp import LlamaCppServer
from gairp.errors import BackendError, MissingDependencyError
from tests.backends.local.fake_local_server import wait_until_gone
from tests.backends.local.real import SMOLLM2, real_llamacpp


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"no gguf")
    return path


def test_the_settings_reach_the_process(file: Path) -> None:
    server = LlamaCppServer(
        path=str(file), model="toy", context=512, slots=3, threads=2, n_gpu_layers=9,
        prompt_cache_mib=64,
        chat_template="chatml",
    )  # fmt: skip
    python, program, settings = server.command(8123)
    assert (python, Path(program).name) == (server.python, "llama_process.py")
    assert json.loads(settings) == {
        "path": str(file), "model": "toy", "context": 512, "slots": 3, "threads": 2,
        "prompt_cache_mib": 64, "n_gpu_layers": 9, "chat_template": "chatml", "metrics": True,
        "nice": 0, "verbosity": 1, "port": 8123,
    }  # fmt: skip


def test_a_model_is_called_after_its_file(file: Path) -> None:
    assert LlamaCppServer(path=str(file)).what == "llamacpp server for tiny"


def test_an_absent_file_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=r"no model file at .*/none.gguf; set `path`"):
        LlamaCppServer(path=str(tmp_path / "none.gguf")).start()


def test_an_absent_interpreter_says_what_to_set(file: Path) -> None:
    with pytest.raises(BackendError, match=r"no interpreter at /none/python; set `python`"):
        LlamaCppServer(path=str(file), python="/none/python").start()


def test_an_absent_library_gives_the_command(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"xllamacpp.*pip install -e .*\[record\]"):
        LlamaCppServer(path=str(file)).start()


def test_memory_is_estimated_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sparse.gguf"
    with path.open("wb") as file:
        file.truncate(800 * 2**20)
    server = LlamaCppServer(path=str(path), prompt_cache_mib=100)
    assert server.memory_needed() == (900 + 256 + 100) * 2**20


@real_llamacpp
def test_what_is_no_model_is_refused_with_the_reason(file: Path) -> None:
    with pytest.raises(BackendError, match="a whole chat GGUF") as caught:
        LlamaCppServer(path=str(file), start_timeout_s=30).start()
    assert "failed to load model" in str(caught.value)


@real_llamacpp
def test_a_real_model_answers_and_tells_its_load(tmp_path: Path) -> None:
    with LlamaCppServer(path=SMOLLM2, model="smollm2", log_dir=str(tmp_path)) as server:
        load = server.load()
        assert load is not None
        assert (load.running, load.queued, load.kv_cache_use) == (0.0, 0.0, 0.0)
        first, again = (ask(server.address, "Answer briefly.", "Say hello.") for _ in range(2))
        assert first["model"] == "smollm2"
        assert 1 <= first["usage"]["completion_tokens"] <= 16
        assert first["choices"][0]["message"] == again["choices"][0]["message"]
        pid = server.pid
    assert wait_until_gone([pid]) == []
    assert server.load() is None


@real_llamacpp
def test_a_chat_template_takes_the_place_of_the_models_own() -> None:
    template = "{% for m in messages %}Q: {{ m.content }}\nA:{% endfor %}"
    with LlamaCppServer(path=SMOLLM2, chat_template=template) as server:
        plain = ask(server.address, "Two and two?")["usage"]["prompt_tokens"]
    assert plain < 12  # the model's own adds a system message of twenty tokens


def ask(address: str, *contents: str) -> Any:
    """One greedy answer; the last content is the user's, one before it the system's."""
    roles = ("system", "user")[-len(contents) :]
    messages = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]
    request = urllib.request.Request(
        f"{address}/v1/chat/completions",
        json.dumps({"messages": messages, "max_tokens": 16, "temperature": 0}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)
