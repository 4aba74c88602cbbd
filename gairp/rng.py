"""Randomness of one decision, keyed by (run seed, request id, attempt).

Keyed rather than drawn from one stream, so that a decision's randomness does not depend on how
many decisions came before it: the same request gets the same draw in one process, in many, and
when a log is replayed. Most decisions need one uniform number or none, so that is all that is
made unless a policy asks for a full generator.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


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
        digest = self._digest(b"u%d" % self._draws)
        self._draws += 1
        return (int.from_bytes(digest[:8], "little") >> 11) * 2.0**-53

    def generator(self) -> np.random.Generator:
        """A numpy generator; each call gives another, independent one."""
        key = int.from_bytes(self._digest(b"g%d" % self._draws), "little")
        self._draws += 1
        return np.random.Generator(np.random.Philox(key=key))

    def _digest(self, what: bytes) -> bytes:
        key = f"{self._seed}/{self._attempt}/{self._request_id}".encode()
        return blake2b(key, digest_size=16, person=what).digest()
