"""One worker: its own servers, one call at a time, prompt after prompt from a shared queue."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from gairp.backends.chat import Chat
from gairp.records.row_journal import Journal
from gairp.runners.recording.metered.arm import RecordedArm
from gairp.runners.recording.metered.row import measure
from gairp.traces.tasks import Task

Work = tuple[Task, str]


class Sampling:
    """What all arms of a recording share."""

    def __init__(self, *, temperature: float = 0.7, seed: int = 0) -> None:
        self.temperature, self.seed = temperature, seed

    def seed_of(self, task: Task, arm: str) -> int:
        """A seed of its own for each (prompt, arm), the same on every machine."""
        text = f"{self.seed}:{task.id}:{arm}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:4], "big") >> 1


def fingerprint(task: Task, arm: RecordedArm, sampling: Sampling) -> str:
    """Twelve hex digits of all that decides a row."""
    text = json.dumps(
        [task.prompt, task.answer, task.grader, arm.settings(), vars(sampling)], sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Lane(threading.Thread):
    """Takes (prompt, arm) pairs until the queue is empty; `error` holds what stopped it early."""

    def __init__(
        self,
        *,
        servers: Mapping[str, Chat],
        arms: Mapping[str, RecordedArm],
        queue: deque[list[Work]],
        journal: Journal,
        sampling: Sampling,
        usd_per_core_hour: float,
        started: float,
        done: Callable[[], None],
    ) -> None:
        super().__init__(daemon=True)
        self.servers, self.arms, self.queue, self.journal = servers, arms, queue, journal
        self.sampling, self.usd_per_core_hour = sampling, usd_per_core_hour
        self.started, self.done = started, done
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work; a failure is kept for the recorder, which raises it."""
        try:
            with ExitStack() as stack:
                for server in self.servers.values():
                    stack.enter_context(server)  # type: ignore[arg-type]
                self._drain()
        except BaseException as error:
            self.error = error

    def _drain(self) -> None:
        while True:
            try:
                works = self.queue.popleft()
            except IndexError:
                return
            for task, name in works:
                self._record(task, name)

    def _record(self, task: Task, name: str) -> None:
        arm = self.arms[name]
        row = measure(
            self.servers[arm.model], arm, task, usd_per_core_hour=self.usd_per_core_hour,
            temperature=self.sampling.temperature, seed=self.sampling.seed_of(task, name),
        )  # fmt: skip
        keys = {
            "prompt_id": task.id,
            "category": task.family,
            "model": name,
            "settings": fingerprint(task, arm, self.sampling),
            "recorded_at_s": round(time.time() - self.started, 3),
        }
        self.journal.append(keys | row)
        self.done()
