"""AES-256 in Galois/Counter Mode (NIST SP 800-38D), a random nonce of 96 bits before each text.

What is sealed for one place does not open in another: the place is authenticated beside it.
"""

from __future__ import annotations

import os

from gairp.errors import IntegrityError

KEY_BYTES, _NONCE = 32, 12


def seal(key: bytes, text: bytes, place: str) -> bytes:
    """Nonce, cipher text and tag."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, text, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """The text; IntegrityError where it was altered, moved, or sealed with another key."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    except (InvalidTag, ValueError):
        raise IntegrityError(
            f"{place}: it does not open: it was altered, or sealed with another key of this name; "
            "restore the row, or the key"
        ) from None
