"""From the journal's events to lines of the audit log."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from gairp.gateway.audit.chain import AuditFile
from gairp.records.events import Decided, Event, Learned, Settled

_KNOWN = 20_000


class _Asked(NamedTuple):
    """What lines repeat of their decision."""

    tenant: str
    key: str
    operation: str
    prompt: str


class AuditFeed:
    """A line for each call and each feedback; what was taken before is passed over."""

    def __init__(self, path: Path) -> None:
        self._file = AuditFile(path)
        self._decided: OrderedDict[str, _Asked] = OrderedDict()
        # A little is read again: who decided what is settled after a restart.
        self._next = max(0, self._file.seq - _KNOWN)

    @property
    def seq(self) -> int:
        """The next position of the journal that is wanted."""
        return self._next

    def take(self, batch: list[tuple[int, Event]]) -> None:
        """Write what these events say."""
        fresh = [(seq, event) for seq, event in batch if seq >= self._next]
        if not fresh:
            return
        lines, written = [], self._file.seq
        for seq, event in fresh:
            if isinstance(event, Decided):
                self._keep(event)
            elif seq < written:
                continue
            elif isinstance(event, Settled):
                lines.append({"seq": seq, **self._call(event)})
            elif isinstance(event, Learned):
                lines.append({"seq": seq, **self._feedback(event)})
        end = fresh[-1][0] + 1
        self._file.append(lines, max(end, written))
        self._next = end

    def close(self) -> None:
        """Bring it to the disk."""
        self._file.close()

    def _keep(self, event: Decided) -> None:
        tags = event.tags
        self._decided[event.decision_id] = _Asked(
            event.tenant or "", tags.get("key", ""), tags.get("operation", ""), event.prompt_hash
        )
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
                "tenant": decided.tenant,
                "key": decided.key,
                "operation": decided.operation,
            }
        return found

    def _prompt(self, decision_id: str) -> str:
        decided = self._decided.get(decision_id)
        return "" if decided is None else decided.prompt


def _time(at: float) -> str:
    """ISO 8601 in UTC, to the microsecond."""
    second, fraction = divmod(round(at * 1e6), 1_000_000)
    return f"{_second(second)}.{fraction:06d}+00:00"


@lru_cache(maxsize=64)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
