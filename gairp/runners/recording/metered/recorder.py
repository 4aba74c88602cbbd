"""Ask every arm every question, on local models, and keep each answer as it comes."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gairp.backends.chat import Chat
from gairp.records.row_journal import Journal
from gairp.runners.progress import Progress
from gairp.runners.recording.metered.arm import RecordedArm
from gairp.runners.recording.metered.lane import Lane, Sampling, Work, fingerprint
from gairp.traces.tasks import Task, generate_all

#: How to build a server; each lane builds its own.
Server = Callable[[], Chat]


class Recorder:
    """Records `per_family` prompts of each family with every arm into `work`/journal.jsonl.

    Prompts come in one seeded order and each is asked of all arms before the next, so that a
    recording cut short is complete for the prompts that it has. `lanes` workers run side by side,
    each with its own servers. Running it again continues where it stopped.
    """

    def __init__(
        self,
        *,
        models: Mapping[str, Server],
        arms: Mapping[str, RecordedArm],
        work: str,
        seed: int = 7,
        per_family: int = 72,
        families: Sequence[str] | None = None,
        lanes: int = 2,
        temperature: float = 0.7,
        usd_per_core_hour: float = 0.05,
    ) -> None:
        self.models, self.arms, self.work = models, arms, Path(work).expanduser()
        self.seed, self.per_family, self.families = seed, per_family, families
        self.lanes, self.usd_per_core_hour = lanes, usd_per_core_hour
        self.sampling = Sampling(temperature=temperature, seed=seed)

    @property
    def journal_path(self) -> Path:
        """Where the rows are kept."""
        return self.work / "journal.jsonl"

    def tasks(self) -> list[Task]:
        """The questions, in the order in which they are asked."""
        tasks = generate_all(seed=self.seed, per_family=self.per_family, names=self.families)
        random.Random(self.seed).shuffle(tasks)
        return tasks

    def record(self) -> Path:
        """Record what is missing; the journal's path. Raises what stopped a lane."""
        with Journal(self.journal_path) as journal:
            queue = deque(self._missing(journal))
            count = sum(map(len, queue))
            progress = Progress(total=count, out=sys.stderr)
            started = self._started()
            lanes = [self._lane(queue, journal, started, progress) for _ in range(self.lanes)]
            for lane in lanes:
                lane.start()
            for lane in lanes:
                lane.join()
            for lane in lanes:
                if lane.error is not None:
                    raise lane.error
        return journal.path

    def _missing(self, journal: Journal) -> list[list[Work]]:
        works = [
            [
                (task, name)
                for name, arm in self.arms.items()
                if not journal.has(task.id, name, fingerprint(task, arm, self.sampling))
            ]
            for task in self.tasks()
        ]
        return [work for work in works if work]

    def _started(self) -> float:
        """The wall clock at the very first start: offsets stay comparable after a resume."""
        path = self.work / "started.json"
        if not path.exists():
            path.write_text(json.dumps({"unix_s": time.time()}))
        return float(json.loads(path.read_text())["unix_s"])

    def _lane(
        self, queue: deque[list[Work]], journal: Journal, started: float, progress: Progress
    ) -> Lane:
        needed = {arm.model for arm in self.arms.values()}
        servers: dict[str, Any] = {name: self.models[name]() for name in sorted(needed)}
        return Lane(
            servers=servers, arms=self.arms, queue=queue, journal=journal, sampling=self.sampling,
            usd_per_core_hour=self.usd_per_core_hour, started=started, done=progress.step,
        )  # fmt: skip
