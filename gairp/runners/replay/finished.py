"""What an earlier, unfinished run of the same study has left in the tracking store."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.report.folder import load_run
from gairp.report.study import Pool, Run
from gairp.runners.replay.job import Job

if TYPE_CHECKING:
    from gairp.tracking.writer import StudyWriter

Key = tuple[str, int, float | None]


@dataclass(slots=True)
class Finished:
    """Runs by policy, seed and cost weight (None for the study's own)."""

    runs: dict[Key, Run] = field(default_factory=dict)

    @classmethod
    def of(cls, writer: StudyWriter, pool: Pool) -> Finished:
        """Everything that is there; nothing for a new study."""
        from gairp.tracking.reader import fetch_sweep, fetch_table

        found = cls()
        if not writer.resumed:
            return found
        with tempfile.TemporaryDirectory(prefix="gairp-") as scratch:
            for number, run_id in enumerate(writer.finished().values()):
                into = Path(scratch) / str(number)
                into.mkdir()
                found.add(load_run(fetch_table(run_id, writer.client, into), pool))
            for path in fetch_sweep(writer.run_id, writer.client, Path(scratch)):
                found.add(load_run(path, pool))
        return found

    def add(self, run: Run) -> None:
        """One more is done."""
        self.runs[run.policy, run.seed, run.cost_weight] = run

    def has(self, job: Job) -> bool:
        """Whether this job needs no second run."""
        return job.key in self.runs

    def own(self) -> list[Run]:
        """The study's own runs."""
        return [run for run in self.runs.values() if run.cost_weight is None]

    def sweep(self) -> list[Run]:
        """The runs of the λ sweep."""
        return [run for run in self.runs.values() if run.cost_weight is not None]
