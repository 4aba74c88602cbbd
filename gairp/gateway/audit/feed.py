"""From the journal's events to lines of the audit log."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gairp.gateway.audit.chain import AuditFile
from gairp.records.events import Decided, Event, Learned, Settled

_KNOWN = 20_000


class AuditFeed:
    """A line for each call and each feedback; what was taken before is passed over."""

    def __init__(self, path: Path) -> None:
        self._file = AuditFile(path)
        self._decided: OrderedDict[str, Decided] = OrderedDict()

    @property
    def seq(self) -> int:
        """The next position of the journal that is wanted."""
        return self._file.seq

    def take(self, batch: list[tuple[int, Event]]) -> None:
        """Write what these events say."""
        fresh = [(seq, event) for seq, event in batch if seq >= self._file.seq]
        if not fresh:
            return
        lines = []
        for seq, event in fresh:
            if isinstance(event, Decided):
                self._keep(event)
            elif isinstance(event, Settled):
                lines.append({"seq": seq, **self._call(event)})
            elif isinstance(event, Learned):
                lines.append({"seq": seq, **self._feedback(event)})
        self._file.append(lines, fresh[-1][0] + 1)

    def close(self) -> None:
        """Bring it to the disk."""
        self._file.close()

    def _keep(self, event: Decided) -> None:
        self._decided[event.decision_id] = event
        if len(self._decided) > _KNOWN:
            self._decided.popitem(last=False)

    def _call(self, event: Settled) -> dict[str, Any]:
        error = event.error
        return {
            **self._who(event.decision_id),
            "action": "call",
            "at": _time(event.at),
            "call": event.call_id,
            "arm": event.arm,
            "model": event.model,
            "outcome": event.finish_reason if error is None else error.kind,
            "billing": event.billing,
            "prompt": self._prompt(event.decision_id),
            "response": event.response_hash,
        }

    def _feedback(self, event: Learned) -> dict[str, Any]:
        return {
            **self._who(event.decision_id),
            "action": "feedback",
            "at": _time(event.at),
            "quality": event.quality,
            "source": event.source,
        }

    def _who(self, decision_id: str) -> dict[str, Any]:
        decided = self._decided.get(decision_id)
        found: dict[str, Any] = {"decision": decision_id}
        if decided is not None:
            found |= {
                "tenant": decided.tenant or "",
                "key": decided.tags.get("key", ""),
                "operation": decided.tags.get("operation", ""),
            }
        return found

    def _prompt(self, decision_id: str) -> str:
        decided = self._decided.get(decision_id)
        return "" if decided is None else decided.prompt_hash


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
