"""The operator's keys, which seal the keys of tenants; several, so that they can be rotated."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Self

from gairp.backends.openai.secret import read_key
from gairp.errors import ConfigError
from gairp.gateway.content.sealed import KEY_BYTES, seal, unseal

_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")
_MAKE = (
    "python -c 'import secrets, base64; print(base64.b64encode(secrets.token_bytes(32)).decode())'"
)


class MasterKeys:
    """By their ids; `current` is that which seals."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """The first is the current one."""
        self._keys = dict(keys)
        self.current = next(iter(self._keys))

    @classmethod
    def read(cls, name: str, file: str | None = None) -> Self:
        """From the environment, else from the file; ConfigError says how to make one."""
        text = read_key(name, file, owner="content")
        assert text is not None
        return cls.of(text, where=name)

    @classmethod
    def of(cls, text: str, *, where: str) -> Self:
        """`ID:BASE64[,ID:BASE64…]`; ConfigError, which does not repeat a key."""
        keys: dict[str, bytes] = {}
        for number, part in enumerate(text.split(","), 1):
            name, _, encoded = part.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if not _ID.fullmatch(name) or len(key) != KEY_BYTES or name in keys:
                raise ConfigError(
                    f"{where}: key number {number} is no ID:BASE64 of {KEY_BYTES} bytes, or has an "
                    f"id that was there before; make one with: {_MAKE}"
                )
            keys[name] = key
        return cls(keys)

    def wrap(self, key: bytes, place: str) -> tuple[str, bytes]:
        """The id of the current key, and what it makes of another."""
        return self.current, seal(self._keys[self.current], key, place)

    def unwrap(self, master: str, wrapped: bytes, place: str) -> bytes:
        """The key; ConfigError where the master key is not among these."""
        found = self._keys.get(master)
        if found is None:
            raise ConfigError(
                f"content is sealed with the key {master!r}, and there are: "
                f"{', '.join(sorted(self._keys))}; put it behind the others until nothing needs it"
            )
        return unseal(found, wrapped, place)

    def __repr__(self) -> str:
        return f"MasterKeys({', '.join(self._keys)})"
