"""The runner of a live experiment: serve, learn, report; resumable at any moment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from platform import machine
from typing import TYPE_CHECKING, Any, Self

from gairp.clock import WallClock
from gairp.errors import ConfigError
from gairp.records.events import Decided
from gairp.rewards import Utility
from gairp.runners.live.grading import build_grader
from gairp.runners.live.interrupts import Interrupts
from gairp.runners.live.learner import Learner, learner_name, open_learner
from gairp.runners.live.logbook import RUN_KEY, Logbook
from gairp.runners.live.material import Material, load_material
from gairp.runners.live.pacing import ClosedLoop, Pacing
from gairp.runners.live.progress import Progress
from gairp.runners.live.reporting import report
from gairp.runners.live.session import Session
from gairp.runners.live.settings import LiveSettings, LogSettings, log_settings
from gairp.runners.live.spool import Spool
from gairp.runners.live.stage import Stage, build_stage
from gairp.runners.live.worst_case import worst_case
from gairp.runners.registered import with_registered
from gairp.runners.replay.job import Job, Protocol
from gairp.runners.replay.key import git_commit, study_key
from gairp.runners.replay.settings import chosen_policies, seeds_of

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass(frozen=True, slots=True)
class Cast:
    """Who and what takes part in a run."""

    material: Material
    jobs: list[Job]
    clock: WallClock
    stage: Stage
    facts: Mapping[str, str]


class LiveRunner:
    """Routes real requests with every policy and seed, as `live` says."""

    def __init__(self, settings: Mapping[str, Any], *, out: Path) -> None:
        """`settings` is the whole resolved configuration as plain values."""
        self.settings = {**settings, "policies": chosen_policies(settings)}
        self.out = out
        self.live = LiveSettings.of(settings["live"])
        self.log: LogSettings = log_settings(settings.get("log"))
        self.utility = Utility(**settings["utility"])
        self.protocol = Protocol(**settings["protocol"])
        if not self.settings["policies"]:
            raise ConfigError("policy: no policy is chosen; add e.g. policy=[random,linucb]")
        for name, arm in self.live.arm_table().items():
            if "closing" in arm.recipe:
                raise ConfigError(
                    f"live.arms.{name}.recipe.closing is set: only a recording makes a second "
                    f"call; leave the arm out with ~live.arms.{name}"
                )

    @classmethod
    def from_config(cls, config: DictConfig) -> Self:
        """A runner of the composed configuration; its output goes to Hydra's folder."""
        from hydra.core.hydra_config import HydraConfig
        from omegaconf import OmegaConf

        if missing := sorted(OmegaConf.missing_keys(config)):
            raise ConfigError(f"{missing[0]} must be set: add {missing[0]}=… to the command")
        settings: Any = OmegaConf.to_container(config, resolve=True)
        return cls(settings, out=Path(settings["out"] or HydraConfig.get().runtime.output_dir))

    def run(self) -> Path:
        """Serve and report; the report's folder. With `live.dry_run` only say what it may cost."""
        cast = self.cast()
        names = [learner_name(job) for job in cast.jobs]
        bounds = worst_case(cast.stage, cast.material, self.live, names)
        for line in bounds.lines(cast.stage.ceiling.usd, cast.stage.ceiling.tokens):
            print(line, flush=True)
        if self.live.dry_run:
            print("dry run: nothing was started or sent")
            return self.out
        unlearned, stopped = self.serve(cast)
        return report(
            self.settings, self.live, self.utility, cast.material, cast.stage, self._folder(),
            self.out, facts=cast.facts, unlearned=unlearned, stopped=stopped,
        )  # fmt: skip

    def cast(self) -> Cast:
        """Everything that a run needs, before anything is started or sent."""
        self.settings, loaded = with_registered(self.settings)
        material = load_material(
            self.settings, self.live, self.utility, self.log.features,
            seed=self.settings["study_seed"],
        )  # fmt: skip
        for one in loaded:
            one.check(tuple(self.live.arms), material.feature_spec, self.utility.describe())
        jobs = self._jobs()
        clock = WallClock()
        stage = build_stage(
            self.live,
            clock=clock,
            priced=self.utility.needs_cost,
            horizon=len(material.questions) * len(jobs),
        )
        facts = self._facts(material, stage)
        return Cast(material=material, jobs=jobs, clock=clock, stage=stage, facts=facts)

    def serve(self, cast: Cast) -> tuple[int, bool]:
        """Answers that could not be learned, and whether the run was stopped early."""
        logbook = Logbook.open(self._folder(), self.log, cast.facts[RUN_KEY])
        try:
            return asyncio.run(self._serve(cast, logbook))
        finally:
            logbook.journal.close()

    # -- serving --------------------------------------------------------------------------

    async def _serve(self, cast: Cast, logbook: Logbook) -> tuple[int, bool]:
        try:
            # Before the learners write anything: a start that fails leaves a log that any other
            # settings may begin.
            await cast.stage.start()
            return await self._play(cast, logbook)
        except BaseExceptionGroup as group:
            raise _first(group) from group
        finally:
            await cast.stage.aclose()

    async def _play(self, cast: Cast, logbook: Logbook) -> tuple[int, bool]:
        stage, material, clock = cast.stage, cast.material, cast.clock
        logbook.restore(stage.ceiling)
        clock.offset = max((e.now for e in logbook.past if isinstance(e, Decided)), default=0.0)
        learners = [self._learner(job, cast, logbook) for job in cast.jobs]
        spool = Spool(self.out / "ungraded.jsonl")
        total = len(material.questions) * len(learners) - sum(len(ln.answered()) for ln in learners)
        if logbook.past:
            print(f"resuming: {total} requests are left", file=sys.stderr)
        progress = Progress(
            total=total, ceiling=stage.ceiling, out=sys.stderr if self.live.progress else None
        )
        grader = build_grader(
            self.live.grader, stage, sink=logbook.journal, run=str(len(logbook.past))
        )
        try:
            with progress:
                session = Session(
                    stage=stage, learners=learners, material=material, live=self.live,
                    grader=grader, spool=spool, sink=logbook.journal, clock=clock,
                    utility=self.utility, progress=progress,
                    sync=logbook.journal.sync if self.log.durability == "power" else None,
                )  # fmt: skip
                with Interrupts(session):
                    await session.run(self._pacing())
        finally:
            await grader.aclose()
            spool.close()
        return session.unlearned, session.stop.is_set()

    def _learner(self, job: Job, cast: Cast, logbook: Logbook) -> Learner:
        stage = cast.stage
        return open_learner(
            job,
            material=cast.material,
            arms=stage.arms,
            admission=stage.admission,
            costing=stage.costing,
            retry=stage.retry,
            fallbacks=self.live.fallbacks,
            clock=cast.clock,
            sink=logbook.journal,
            content=self.log.content,
            facts=cast.facts,
            past=logbook.of(learner_name(job)),
        )

    def _pacing(self) -> Pacing:
        from hydra.utils import instantiate

        pacing: Pacing = instantiate(dict(self.live.pacing)) if self.live.pacing else ClosedLoop()
        return pacing

    # -- pieces ---------------------------------------------------------------------------

    def _jobs(self) -> list[Job]:
        return [
            Job(
                policy=name,
                config=config,
                seed=seed,
                utility=self.settings["utility"],
                protocol=self.protocol,
                floor=self.settings["floor"],
            )
            for name, config in self.settings["policies"].items()
            for seed in seeds_of(self.settings["seed"])
        ]

    def _folder(self) -> Path:
        return Path(self.log.folder) if self.log.folder is not None else self.out / "log"

    def _facts(self, material: Material, stage: Stage) -> dict[str, str]:
        """What makes two runs the same, and what a reader must know of one."""
        from gairp.runners.live.fingerprint import questions_hash, versions

        facts = {
            "trace": str(self.settings["trace"]["name"]),
            "data_hash": questions_hash(material.questions),
            **versions(),
            "architecture": machine(),
        }
        live = {k: v for k, v in self.settings["live"].items() if k not in _ANY}
        facts[RUN_KEY] = study_key({**self.settings, "live": live}, facts)
        # Not part of the key: a run that goes on after midnight is still the same.
        return {**facts, **stage.price_facts, "git_commit": git_commit()}


#: Settings under which a run may go on that was begun under others.
_ANY = {"dry_run", "progress", "pacing", "limits", "retry", "breaker", "ceiling", "patience_s"}


def _first(error: BaseException) -> BaseException:
    """What went wrong first, out of its groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
