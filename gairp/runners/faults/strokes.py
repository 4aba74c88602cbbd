"""What goes wrong in the table: every kind of fault there is, and the statuses one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gairp.backends.fake.faults import KINDS

_STATUSES = (400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 529)
#: Settings of a fault, beside its kind, where those of the fake server would show less.
_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "reset_midstream": {"after_chunks": 3},
    "close_midstream": {"after_chunks": 3},
    "end_midstream": {"after_chunks": 3},
    "slow_drip": {"every_s": 0.0},
}
#: Faults that only a limit of time ends.
_SILENT = frozenset({"hang_before_headers", "hang_midstream", "heartbeat"})


class Stroke(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, and what must be otherwise for it to show."""

    name: str
    fault: Mapping[str, Any]
    silent: bool = False  #: the backend has to lose its patience
    refused: bool = False  #: the port is closed
    words: int = 14  #: of the answer
    max_tokens: int = 64

    def faults(self, strikes: str) -> list[dict[str, Any]]:
        """For the program of a server; `strikes` is `once` or `always`."""
        when = {"once": "first 1"}.get(strikes, strikes)
        return [] if self.refused else [{**self.fault, "when": when}]


def strokes() -> list[Stroke]:
    """All of them, in the order of `KINDS`."""
    return [stroke for kind in KINDS for stroke in _of(kind)]


def _of(kind: str) -> Iterator[Stroke]:
    if kind == "status":
        for status in _STATUSES:
            yield Stroke(name=f"status {status}", fault={"kind": kind, "status": status})
        asked = {"kind": kind, "status": 429, "retry_after_s": 7}
        yield Stroke(name="status 429, Retry-After: 7", fault=asked)
        return
    yield Stroke(
        name=kind,
        fault={"kind": kind, **_SETTINGS.get(kind, {})},
        silent=kind in _SILENT,
        refused=kind == "connection_refused",
        # Far more than the bound of a short prompt leaves room for.
        words=2000 if kind == "ignored_max_tokens" else 14,
        max_tokens=8 if kind == "ignored_max_tokens" else 64,
    )
