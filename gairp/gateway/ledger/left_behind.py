"""Whose requests were cut off when a process begins anew."""

from __future__ import annotations

from typing import NamedTuple, Self

from gairp.records.events import Opened

#: Facts of an Opened: the worker that begins, or how many there are where the learner begins.
WORKER, WORKERS = "worker", "workers"


class LeftBehind(NamedTuple):
    """Requests by how their names begin: `prefix`, and none of `but`."""

    prefix: str = ""
    but: tuple[str, ...] = ()

    @classmethod
    def of(cls, opened: Opened) -> Self:
        """A process alone begins after all others; a worker after its own predecessor; the learner
        after none that still serves.
        """
        worker, workers = opened.facts.get(WORKER), int(opened.facts.get(WORKERS, "0"))
        if worker is not None:
            return cls(named(worker))
        return cls("", tuple(named(str(n)) for n in range(1, workers + 1)))

    def has(self, name: str) -> bool:
        """Whether a request, or a decision of it, is one of them."""
        return name.startswith(self.prefix) and not (self.but and name.startswith(self.but))


def named(worker: str) -> str:
    """How the names of a worker's requests begin."""
    return f"req-w{worker}-"
