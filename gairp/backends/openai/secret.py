"""Where a key comes from, and how it stays out of messages."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gairp.errors import ConfigError

HIDDEN = "[hidden]"
#: Keys and tokens that a vendor repeats in its errors, whether they are ours or not.
_LOOKS = re.compile(
    r"\b(sk|pk|gk|gsk|xai|hf|key)[-_][A-Za-z0-9_*.-]{8,}|\bAIza[\w-]{20,}|Bearer\s+\S+"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
)
_NAMES = re.compile(r"key|token|secret|auth|password|signature", re.IGNORECASE)
_SHORTEST = 4  # hiding one letter everywhere would hide the message


class Secrets:
    """Texts that no message may hold."""

    def __init__(self, texts: Iterable[str]) -> None:
        found = {part for text in texts for part in (text, text.rpartition(" ")[2])}
        self._texts = sorted((t for t in found if len(t) >= _SHORTEST), key=len, reverse=True)

    def scrub(self, message: str) -> str:
        """The message without them, and without whatever else looks like a key."""
        for text in self._texts:
            message = message.replace(text, HIDDEN)
        return _LOOKS.sub(HIDDEN, message)

    def __repr__(self) -> str:
        return f"Secrets({len(self._texts)})"


def secret_values(*maps: Mapping[str, Any]) -> list[str]:
    """The values of headers and query fields whose names tell that they are secret."""
    return [str(v) for fields in maps for k, v in fields.items() if _NAMES.search(k)]


def read_key(name: str | None, secrets_file: Path | str | None, *, owner: str) -> str | None:
    """The key of that name: from the environment, else from the file; None needs no key.

    Raises ConfigError, which names the variable, the places looked into and the remedy.
    """
    if name is None:
        return None
    found = os.environ.get(name, "").strip()
    if not found and secrets_file is not None:
        found = _read(Path(secrets_file).expanduser(), owner).get(name, "").strip()
    if found:
        return found
    place = f" or put `{name}: …` into {secrets_file}" if secrets_file is not None else ""
    raise ConfigError(
        f"{owner} has no key: the environment variable {name} is not set"
        + (f", and {secrets_file} has no line of that name" if secrets_file is not None else "")
        + f"; run: export {name}=…{place}; where none is needed, set api_key_env to null"
    )


def _read(path: Path, owner: str) -> dict[str, str]:
    """Names and values of a YAML map, or of lines `NAME=value` with `#` comments."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"secrets_file of {owner}: {path} cannot be read ({error.strerror}); make it, with "
            "one line `NAME: value` a key, or set secrets_file to null"
        ) from None
    if path.suffix in (".yaml", ".yml"):
        return _yaml(text, path)
    return dict(_pair(line) for line in text.splitlines() if _is_pair(line))


def _yaml(text: str, path: Path) -> dict[str, str]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = text  # whose message would repeat the line, and the key in it
    if found is not None and not isinstance(found, dict):
        raise ConfigError(f"secrets_file {path} is no YAML map; write one line `NAME: value` a key")
    return {str(name): str(value) for name, value in (found or {}).items() if value is not None}


def _is_pair(line: str) -> bool:
    return "=" in line and not line.lstrip().startswith("#")


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return name.strip().removeprefix("export ").strip(), value
