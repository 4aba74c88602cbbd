"""Settings that are wrong are refused, with the name and the remedy."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gairp.backends.openai import OpenAIBackend
from gairp.backends.openai.secret import read_key
from gairp.errors import ConfigError
from gairp.types import Arm, Request


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api": "completions"}, "unknown api 'completions'; there are: chat, responses"),
        ({"max_tokens_field": "limit"}, "unknown max_tokens_field 'limit'"),
        ({"encoding": "p50k"}, "unknown encoding 'p50k'"),
        ({"base_url": "localhost:8000"}, "base_url is 'localhost:8000'; write a whole URL"),
        ({"base_url": "ftp://host/v1"}, "base_url is"),
        ({"timeout_s": 0}, "timeout_s is 0; it must be above 0"),
        ({"idle_timeout_s": -1.0}, "idle_timeout_s is -1.0"),
        ({"default_max_tokens": 0}, "default_max_tokens is 0"),
        ({"default_max_tokens": None}, "default_max_tokens is None"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        OpenAIBackend(**settings)


def test_a_missing_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with pytest.raises(
        ConfigError, match=r"host has no key: .* A_KEY is not set; run: export A_KEY"
    ):
        OpenAIBackend(base_url="http://host/v1", api_key_env="A_KEY")
    file = tmp_path / "secrets.yaml"
    with pytest.raises(ConfigError, match=r"secrets\.yaml cannot be read"):
        read_key("A_KEY", file, owner="b")
    file.write_text("OTHER: x\n")
    with pytest.raises(ConfigError, match=r"secrets\.yaml has no line of that name"):
        read_key("A_KEY", file, owner="b")


def test_keys_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    yaml, dotenv = tmp_path / "secrets.yaml", tmp_path / ".env"
    yaml.write_text("A_KEY: from-yaml\nNUMBER: 12\n")
    dotenv.write_text("# keys\n\nexport A_KEY='from=dotenv'\nB = plain \nnonsense\n")
    assert read_key("A_KEY", yaml, owner="b") == "from-yaml"
    assert read_key("NUMBER", yaml, owner="b") == "12"
    assert read_key("A_KEY", str(dotenv), owner="b") == "from=dotenv"
    assert read_key("B", dotenv, owner="b") == "plain"
    monkeypatch.setenv("A_KEY", " from-env ")
    assert read_key("A_KEY", yaml, owner="b") == "from-env"
    assert read_key(None, yaml, owner="b") is None


def test_a_file_that_is_no_map_keeps_its_secrets(tmp_path: Path) -> None:
    for text in ("just-a-secret", "[a-secret", "- a-secret"):
        file = tmp_path / "secrets.yml"
        file.write_text(text)
        with pytest.raises(ConfigError, match="no YAML map") as caught:
            read_key("A_KEY", file, owner="b")
        assert "a-secret" not in str(caught.value)


def test_keys_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "qwertyuiop")
    backend = OpenAIBackend(api_key_env="A_KEY", base_url="http://user:hidden@host:1/v1")
    assert "qwertyuiop" not in repr(vars(backend))
    assert backend.host == "host:1"


def test_only_conversations_are_answered() -> None:
    request = Request(id="r", operation="embedding")
    with pytest.raises(ConfigError, match="'r' asks for 'embedding'"):
        asyncio.run(OpenAIBackend().complete(request, Arm(name="a", model="m")))


def test_nothing_heavy_is_imported_early() -> None:
    code = (
        "import sys; import gairp.backends.openai as m; m.OpenAIBackend()\n"
        "print(sorted({'openai', 'httpx2', 'httpx', 'bpe_openai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
