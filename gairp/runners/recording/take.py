"""One process's part of a recording: open the journal, ask what is missing, close it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from gairp.clock import WallClock
from gairp.errors import GairpError
from gairp.records.events import Opened
from gairp.records.journal import read_events
from gairp.runners.live.fingerprint import versions
from gairp.runners.live.grading import build_grader, takes_backend
from gairp.runners.live.interrupts import Interrupts
from gairp.runners.live.logbook import RUN_KEY, Logbook
from gairp.runners.live.pacing import ClosedLoop, Pacing
from gairp.runners.live.progress import Progress
from gairp.runners.live.settings import LiveSettings, LogSettings
from gairp.runners.live.stage import Stage, build_stage
from gairp.runners.recording.plan import LEARNER, Plan
from gairp.runners.recording.preflight import require_gradable
from gairp.runners.recording.recorded import GRADER, Ledger, Recorded, read
from gairp.runners.recording.session import RecordingSession, Watch
from gairp.runners.recording.worst_case import worst_case

_HORIZON = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """What there is when a process has done its part."""

    recorded: Recorded
    stage: Stage
    left: Mapping[str, str]  #: key -> why it was not asked
    stopped: bool


class Take:
    """Records a plan into the journal in `folder`. Running it again asks only what is missing.

    `kind` names what the journal is for; one of another kind is refused.
    """

    def __init__(
        self,
        *,
        plan: Plan,
        live: LiveSettings,
        log: LogSettings,
        folder: Path,
        out: Path,
        kind: str,
        whole: bool = True,
        alone: bool = False,
    ) -> None:
        self.alone = alone
        self.plan, self.live, self.log, self.folder, self.out = plan, live, log, folder, out
        self.kind, self.whole = kind, whole
        self.clock = WallClock()
        self.stage = build_stage(live, clock=self.clock, priced=False, horizon=_HORIZON)
        self.grader = grader_digest(live.grader)

    def announce(self) -> None:
        """Check that all can be graded, and print what the recording may cost at most."""
        if not takes_backend(self.live.grader):
            asyncio.run(require_gradable(self.live.grader, self.plan.questions))
        judged = takes_backend(self.live.grader)
        bounds = worst_case(self.plan, self.so_far(), self.stage, judged=judged)
        ceiling = self.stage.ceiling
        for line in bounds.lines(ceiling.usd, ceiling.tokens):
            print(line, flush=True)
        if self.live.dry_run:
            print("dry run: nothing was started or sent")

    def so_far(self) -> Recorded:
        """What earlier processes have recorded."""
        begun = self.folder.exists() and any(self.folder.glob("*.log"))
        return read(read_events(self.folder) if begun else (), grader=self.grader)

    def record(self, watch: Callable[[Recorded], Watch] | None = None) -> Taken:
        """Ask and grade; what is there then. `watch` is made of the state that it watches."""
        logbook = Logbook.open(self.folder, self.log, self.kind)
        with closing(logbook.journal):
            logbook.restore(self.stage.ceiling)
            recorded = read(logbook.past, grader=self.grader)
            ledger = Ledger(logbook.journal, recorded)
            process = recorded.processes
            ledger.append(self._head())
            session = asyncio.run(
                self._run(ledger, process, None if watch is None else watch(recorded))
            )
        return Taken(
            recorded=recorded, stage=self.stage, left=session.left, stopped=session.stop.is_set()
        )

    async def _run(self, ledger: Ledger, process: int, watch: Watch | None) -> RecordingSession:
        stage, live, recorded = self.stage, self.live, ledger.recorded
        missing = {pair.key for pair in self.plan.pairs if recorded.wanted(pair)}
        progress = Progress(
            total=len(missing), ceiling=stage.ceiling,
            out=sys.stderr if live.progress else None, what="answers",
        )  # fmt: skip
        grader = build_grader(live.grader, stage, sink=ledger, run=str(process))
        try:
            if missing or takes_backend(live.grader):
                await stage.start()
            with progress:
                session = RecordingSession(
                    plan=self.plan, stage=stage, ledger=ledger, grader=grader, clock=self.clock,
                    progress=progress, process=process, patience_s=live.patience_s,
                    whole=self.whole, alone=self.alone, watch=watch, sync=self._sync(ledger),
                )  # fmt: skip
                with Interrupts(session):
                    await session.run(self._pacing())
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            await grader.aclose()
            await stage.aclose()
        return session

    def _sync(self, ledger: Ledger) -> Any:
        return ledger.sink.sync if self.log.durability == "power" else None  # type: ignore[attr-defined]

    def _pacing(self) -> Pacing:
        from hydra.utils import instantiate

        pacing: Pacing = instantiate(dict(self.live.pacing)) if self.live.pacing else ClosedLoop()
        return pacing

    def _head(self) -> Opened:
        return Opened(
            learner=LEARNER,
            at=time.time(),
            seed=0,
            policy=LEARNER,
            policy_version="",
            config=json.dumps({"arms": {n: a.recipe for n, a in self.plan.arms.items()}}),
            facts={RUN_KEY: self.kind, GRADER: self.grader, **versions(), **self.stage.price_facts},
        )


def grader_digest(config: Mapping[str, Any]) -> str:
    """What a grade depends on beside question and answer: the grader's settings, our version."""
    known = [dict(config), versions().get("version_gairp", "")]
    return sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _first(error: BaseException) -> BaseException:
    """What went wrong first, out of its groups; what we foresaw before anything else."""
    while isinstance(error, BaseExceptionGroup):
        foreseen = error.subgroup(GairpError)
        error = (foreseen or error).exceptions[0]
    return error
