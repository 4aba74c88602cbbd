"""Which prompt ids a stream has passed, in 16 to 32 bytes each."""

from __future__ import annotations

from array import array
from hashlib import blake2b


class SeenIds:
    """A set of 64-bit hashes of ids.

    Open addressing in one flat array that is at most half full: a set of Python ints would take
    five times the memory. Two of a million different ids share a hash with probability 3e-8.
    """

    def __init__(self, *, capacity: int = 1024) -> None:
        self._slots = array("Q", bytes(8 * capacity))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory of the table."""
        return len(self._slots) * self._slots.itemsize

    def add(self, prompt_id: str) -> bool:
        """Remember an id; False if it was here before."""
        digest = blake2b(prompt_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        key = int.from_bytes(digest, "little") or 1  # 0 marks an empty slot
        at = self._place(key)
        if self._slots[at] == key:
            return False
        self._slots[at] = key
        self._count += 1
        if 2 * self._count > len(self._slots):
            self._grow()
        return True

    def _place(self, key: int) -> int:
        at = key % len(self._slots)
        while self._slots[at] not in (0, key):
            at = (at + 1) % len(self._slots)
        return at

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(2 * old.itemsize * len(old)))
        for key in old:
            if key:
                self._slots[self._place(key)] = key
