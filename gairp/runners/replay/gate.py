"""Holds runs back until their policy's λ sweep is done, since a child run logs the AIQ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gairp.report.study import Run
from gairp.runners.replay.job import Job


class SweepGate:
    """Knows which sweep jobs are still out."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._out = Counter(job.policy for job in jobs if job.cost_weight is not None)
        self._waiting: list[Run] = []

    def passed(self, run: Run) -> list[Run]:
        """Take one finished run; give back those of the study's own that may now be logged."""
        if run.cost_weight is None:
            self._waiting.append(run)
        else:
            self._out[run.policy] -= 1
        ready = [run for run in self._waiting if not self._out[run.policy]]
        self._waiting = [run for run in self._waiting if self._out[run.policy]]
        return ready
