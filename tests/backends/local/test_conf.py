"""The options of the group `backend` build what they name, and start nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from gairp.backends.local.backend import LocalBackend
from gairp.backends.local.llamacpp import LlamaCppServer
from gairp.backends.local.vllm import VllmServer
from gairp.run import CONF
from tests.backends.local.real import real_llamacpp


def build(option: str, *overrides: str) -> LocalBackend:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", [f"+backend={option}", *overrides])
    settings: Any = OmegaConf.to_container(config, resolve=True)
    backend = instantiate(settings["backend"], _convert_="all")
    assert isinstance(backend, LocalBackend)
    return backend


def test_llamacpp(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIRP_SMOLLM2_GGUF", "/models/other.gguf")
    backend = build("llamacpp", "backend.server.threads=2")
    assert isinstance(backend.server, LlamaCppServer)
    assert str(backend.server.path) == "/models/other.gguf"
    assert '"threads": 2' in backend.server.command(1)[-1]
    assert str(backend.server.log_dir) == "outputs/local_llm/servers"
    assert backend.server.address == ""


@real_llamacpp
def test_llamacpp_finds_its_model_in_the_package() -> None:
    backend = build("llamacpp")
    assert isinstance(backend.server, LlamaCppServer)
    assert backend.server.path.is_file()


def test_vllm() -> None:
    backend = build("vllm", "backend.server.command=[vllm,serve]", "backend.server.dtype=half")
    assert isinstance(backend.server, VllmServer)
    command = backend.server.command(8123)
    assert command[:2] == ["vllm", "serve"]
    assert command[command.index("--dtype") + 1] == "half"
    assert backend.server.address == ""
