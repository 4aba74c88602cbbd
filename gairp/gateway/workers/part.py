"""Which of the processes this one is, and where the others are."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gairp.gateway.ledger.left_behind import named

LEARNER = "learner"
_NAMED = named("")[:-1]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a gateway; `number` counts workers from 1."""

    number: int
    of: int
    line: str  #: the Unix socket of the learner
    started: float  #: when the gateway began, on the machine's monotonic clock: all share it
    again: bool = False  #: one has served before, and requests are under way

    @property
    def name(self) -> str:
        """As in labels and folders."""
        return str(self.number)

    @property
    def requests(self) -> str:
        """How the names of its requests begin, also after a restart."""
        return named(self.name)


def folder_of(home: Path, worker: str) -> Path:
    """What a worker keeps."""
    return home / "workers" / worker


def worker_of(decision_id: str) -> str | None:
    """Whose decision it is; None where one process serves."""
    if not decision_id.startswith(_NAMED):
        return None
    return decision_id[len(_NAMED) :].partition("-")[0]
