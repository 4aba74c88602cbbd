"""The run's journal, and what an earlier process has left in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gairp.errors import ConfigError
from gairp.records.events import Called, Event, Opened, Settled
from gairp.records.journal import Journal, read_events
from gairp.records.log import is_log
from gairp.routing.spend import Charge, SpendCeiling
from gairp.runners.live.settings import LogSettings

RUN_KEY = "run_key"


@dataclass(slots=True)
class Logbook:
    """The journal to append to, and the events that were in it when it was opened."""

    journal: Journal
    past: list[Event]

    @classmethod
    def open(cls, folder: Path, log: LogSettings, run_key: str) -> Logbook:
        """Raises ConfigError where the folder holds the log of another run."""
        past = list(read_events(folder)) if is_log(folder) else []  # killed before it began
        for event in past:
            if isinstance(event, Opened) and event.facts.get(RUN_KEY) != run_key:
                raise ConfigError(
                    f"{folder} holds the log of a run with other settings, data or code; move it "
                    "away, or give this run a folder of its own (log.folder=…, or name=…)"
                )
        return cls(journal=Journal(folder, durability=log.durability), past=past)

    def of(self, learner: str) -> Sequence[Event]:
        """The events of one learner, in order."""
        return [event for event in self.past if event.learner == learner]

    def restore(self, ceiling: SpendCeiling) -> None:
        """Take up what was spent: an intent without a settlement stays reserved."""
        intents = [
            Charge(call_id=e.call_id, usd=e.reserved_usd, tokens=e.reserved_tokens, arm=e.arm)
            for e in self.past
            if isinstance(e, Called)
        ]
        settled = [
            Charge(call_id=e.call_id, usd=_usd(e), tokens=_tokens(e), arm=e.arm)
            for e in self.past
            if isinstance(e, Settled) and e.billing != "unknown"
        ]
        ceiling.restore(intents, settled)


def _usd(event: Settled) -> float:
    return event.cost_usd if event.billing == "billed" else 0.0


def _tokens(event: Settled) -> float:
    usage = event.usage
    return usage.input_tokens + usage.output_tokens if event.billing == "billed" else 0.0
