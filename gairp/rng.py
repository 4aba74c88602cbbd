"""Randomness of one decision, keyed by (run seed, request id, attempt).

Keyed rather than drawn from one stream, so that a decision's randomness does not depend on how
many decisions came before it: the same request gets the same draw in one process, in many, and
when a log is replayed. Most decisions need one uniform number or none, so that is all that is
made unless a policy asks for a full generator.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct

import numpy as np

_WORD = Struct("<Q")  #: the first eight bytes of a digest


class DecisionRng:
    """Uniform numbers, or a numpy generator, that depend on the key alone."""

    __slots__ = ("_attempt", "_draws", "_request_id", "_seed")

    def __init__(self, seed: int, request_id: str, attempt: int = 0) -> None:
        self._seed = seed
        self._request_id = request_id
        self._attempt = attempt
        self._draws = 0

    def random(self) -> float:
        """The next uniform number in [0, 1), 53 bits."""
        word: int = _WORD.unpack_from(self._digest(b"u%d" % self._draws))[0]
        self._draws += 1
        return (word >> 11) * 2.0**-53

    def generator(self) -> np.random.Generator:
        """A numpy generator; each call gives another, independent one."""
        key = int.from_bytes(self._digest(b"g%d" % self._draws), "little")
        self._draws += 1
        return np.random.Generator(np.random.Philox(key=key))

    def _digest(self, what: bytes) -> bytes:
        key = f"{self._seed}/{self._attempt}/{self._request_id}".encode()
        return blake2b(key, digest_size=16, person=what).digest()
