"""What a learner's events do to it, with no more in memory than is under way."""

from __future__ import annotations

from gairp.records.events import Decided, Event, Observed, Settled
from gairp.routing.rebuild import Rebuilder
from gairp.types import Outcome

_UNDER_WAY = 20_000


class Intake(Rebuilder):
    """Takes events as long as a learner lives; decisions that ended wait in the joiner alone."""

    def feed(self, event: Event) -> None:
        """One more event."""
        super().feed(event)
        self.graded.clear()
        self.learned.clear()
        if isinstance(event, Decided):
            if len(self.decisions) > _UNDER_WAY:
                self._drop(next(iter(self.decisions)), 0)
        elif isinstance(event, Settled):
            if event.decision_id not in self.decisions or _nothing_follows(event):
                self.responses.pop(event.call_id, None)
                self._drop(event.decision_id, 0)
        elif isinstance(event, Observed):
            for ended in event.attempts:
                self._drop(ended.decision_id, ended.calls)

    def ended(self) -> Outcome | None:
        """The outcome that the last event brought, once."""
        return self.observed.popitem()[1] if self.observed else None

    def forget(self, prefix: str) -> None:
        """Requests whose names begin so were cut off: nothing more will be heard of them."""
        for name in [name for name in self.decisions if name.startswith(prefix)]:
            self._drop(name, 0)
        for call in [call for call in self.open_calls if call.startswith(prefix)]:
            del self.open_calls[call]
        for call in [call for call in self.responses if call.startswith(prefix)]:
            del self.responses[call]

    def _drop(self, decision_id: str, calls: int) -> None:
        self.decisions.pop(decision_id, None)
        self.tags.pop(decision_id, None)
        for number in range(calls):
            self.responses.pop(f"{decision_id}.{number}", None)


def _nothing_follows(event: Settled) -> bool:
    """A shadow's call, or one that was given up, has no outcome."""
    given_up = event.error is not None and event.error.kind == "cancelled"
    return given_up or "/shadow" in event.decision_id
