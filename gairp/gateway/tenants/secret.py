"""API keys as their holders have them: `gk-PREFIX-SECRET`.

A secret is 256 bits of the system's randomness, and only its SHA-256 is kept. A slow hash (bcrypt,
argon2) protects what people think up, because few guesses a second can be tried; of 2^256 equally
likely secrets no speed finds one, and a slow hash would cost the gateway its requests a second.
Keys are found by their hash: the time that a look-up takes depends on the hash of what was sent,
of which a sender who tries to come nearer letter by letter has no control.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import NamedTuple

MARK = "gk"
_PREFIX_BYTES = 4
_SECRET_BYTES = 32


class NewSecret(NamedTuple):
    """`text` is shown once and never kept."""

    text: str
    prefix: str
    sha256: str

    def __repr__(self) -> str:
        """Without the secret, so that no log and no traceback has it."""
        return f"NewSecret({self.prefix}-…)"


def new_secret() -> NewSecret:
    """One that nobody has."""
    prefix = f"{MARK}-{secrets.token_hex(_PREFIX_BYTES)}"
    text = f"{prefix}-{secrets.token_urlsafe(_SECRET_BYTES)}"
    return NewSecret(text, prefix, digest(text.encode()).hex())


def digest(text: bytes) -> bytes:
    """What a key is found by."""
    return sha256(text).digest()
