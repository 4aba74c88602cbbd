"""The runner of a study: prepare, replay, log, report."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import ConfigError, UnknownNameError
from gairp.report.folder import in_order, run_name, save_run
from gairp.report.study import Pool, Run, Sensitivity, Study
from gairp.report.terminal import print_report
from gairp.report.write import Report, write_report
from gairp.rewards import Utility
from gairp.runners.publish import log_run, publish, say_where
from gairp.runners.registered import with_registered
from gairp.runners.replay.finished import Finished
from gairp.runners.replay.gate import SweepGate
from gairp.runners.replay.job import Job, Protocol
from gairp.runners.replay.key import git_commit, study_key
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
from gairp.runners.replay.progress import progress
from gairp.runners.replay.sensitivity import sensitivity
from gairp.runners.replay.settings import checked, seeds_of
from gairp.runners.replay.workers import run_jobs

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from gairp.tracking.writer import StudyWriter


class StudyRunner:
    """Replays policies over seeds; every finished run is in MLflow before the next is awaited."""

    def __init__(self, settings: Mapping[str, Any], *, out: Path, workers: int) -> None:
        """`settings` is the whole resolved configuration as plain values."""
        settings = checked(settings)
        self.settings, self.out, self.workers = settings, out, workers
        self.utility = Utility(**settings["utility"])
        self.protocol = Protocol(**settings["protocol"])
        self.primary = _primary(settings["policies"], settings["primary"])
        self.seeds = seeds_of(settings["seed"])

    @classmethod
    def from_config(cls, config: DictConfig) -> StudyRunner:
        """A runner of the composed configuration; its output goes to Hydra's folder.

        Where a scenario is set, it is the runner of a changing world.
        """
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode
        from omegaconf import OmegaConf

        if missing := sorted(OmegaConf.missing_keys(config)):
            raise ConfigError(f"{missing[0]} must be set: add {missing[0]}=… to the command")
        hydra = HydraConfig.get()
        settings: Any = OmegaConf.to_container(config, resolve=True)
        multirun = hydra.mode == RunMode.MULTIRUN
        workers = settings["workers"] or (1 if multirun else os.cpu_count() or 1)
        out = Path(settings["out"] or hydra.runtime.output_dir)
        return _for(settings, cls)(settings, out=out, workers=workers)

    def run(self) -> Path:
        """Run the study to its report; return the report's folder."""
        with ThreadPoolExecutor(1) as background:
            # Importing MLflow and opening a new store takes seconds: meanwhile the data load.
            tracking = background.submit(import_tracking)
            prepared = self._prepare()
            writer = self._open(tracking, prepared)
        try:
            study = self._replay(prepared, writer)
            report = self._report(study)
            publish(writer, study, report, self.settings, self.out)
        except BaseException as error:
            # A store that has gone away must not hide what went wrong.
            with suppress(Exception):
                writer.close("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        writer.close()
        say_where(writer, self.settings, self.out)
        print_report(report.summary)
        return self.out / "report"

    # -- steps ----------------------------------------------------------------------------

    def _prepare(self, output_factor: float = 1.0) -> Prepared:
        self.settings, loaded = with_registered(self.settings)
        prepared = prepare(
            self.settings["trace"],
            self.settings["features"],
            self.utility,
            seed=self.settings["study_seed"],
            output_factor=output_factor,
            learned_on=self.settings["train_trace"],
        )
        swept = bool(self.settings["sweep"]["cost_weights"])
        for one in loaded:
            one.check(prepared.arms, prepared.feature_spec, self.utility.describe(), swept=swept)
        return prepared

    def _open(self, tracking: Future[Any], prepared: Prepared) -> StudyWriter:
        writer: StudyWriter = tracking.result()(
            uri=self.settings["tracking"]["uri"],
            experiment=self.settings["tracking"]["experiment"],
            name=self.settings["name"],
            key=study_key(self.settings, prepared.facts),
            trace=prepared.trace,
        )
        if writer.resumed:
            print(f"resuming run {writer.run_id}: {len(writer.finished())} runs are done")
        return writer

    def _replay(self, prepared: Prepared, writer: StudyWriter) -> Study:
        pool = prepared.pool(self.protocol.fit, self.protocol.report, self.utility)
        study = self._study(prepared, pool, (), ())
        finished = Finished.of(writer, pool)
        jobs = [job for job in self._all_jobs() if not finished.has(job)]
        gate = SweepGate(jobs)
        with tempfile.TemporaryDirectory(prefix="gairp-") as folder:
            scratch = Path(folder)
            for _, run in progress(run_jobs(prepared, jobs, self.workers), len(jobs)):
                finished.add(run)
                if run.cost_weight is not None:
                    self._keep(writer, study, run, scratch)
                for ready in gate.passed(run):
                    so_far = self._study(prepared, pool, (ready,), finished.sweep())
                    self._log(writer, so_far, ready, scratch)
        rows = self._sensitivity(study)
        return self._study(prepared, pool, finished.own(), finished.sweep(), rows)

    def _log(self, writer: StudyWriter, study: Study, run: Run, scratch: Path) -> None:
        log_run(writer, study, run, self.settings["policies"][run.policy], scratch)

    def _keep(self, writer: StudyWriter, study: Study, run: Run, scratch: Path) -> None:
        """A run of the sweep is a table of the parent, not a child of its own."""
        from gairp.tracking.writer import SWEEP

        table = scratch / f"{run_name(run)}.parquet"
        save_run(run, study.pool, table)
        writer.log_file(table, SWEEP)

    def _sensitivity(self, study: Study) -> tuple[Sensitivity, ...]:
        return sensitivity(
            self._prepare,
            self._jobs(self.seeds),
            study,
            self.utility,
            self.workers,
            draws=self.settings["bootstrap"]["draws"],
            seed=self.settings["study_seed"],
        )

    def _report(self, study: Study) -> Report:
        return write_report(
            study,
            self.out / "report",
            draws=self.settings["bootstrap"]["draws"],
            seed=self.settings["study_seed"],
        )

    # -- pieces ---------------------------------------------------------------------------

    def _jobs(self, seeds: Sequence[int], cost_weight: float | None = None) -> list[Job]:
        settings = self.settings

        def place(folder: str, name: str, *wanted: object) -> str | None:
            if settings["record"] not in wanted or cost_weight is not None:
                return None
            return str(self.out / folder / name)

        return [
            Job(
                policy=name,
                config=config,
                seed=seed,
                utility=settings["utility"],
                protocol=self.protocol,
                floor=settings["floor"],
                cost_weight=cost_weight,
                record=place("decisions", f"{name}-{seed}.parquet", True, "log"),
                log=place("log", f"{name}-{seed}", "log"),
            )
            for name, config in settings["policies"].items()
            for seed in seeds
        ]

    def _all_jobs(self) -> list[Job]:
        """Policy by policy, its λ sweep first: a kill then leaves whole policies."""
        sweep = self.settings["sweep"]
        seeds = self.seeds[: sweep["seeds"]]
        jobs = [job for weight in sweep["cost_weights"] for job in self._jobs(seeds, float(weight))]
        order = list(self.settings["policies"])
        return sorted([*jobs, *self._jobs(self.seeds)], key=lambda job: order.index(job.policy))

    def _study(
        self,
        prepared: Prepared,
        pool: Pool,
        runs: Sequence[Run],
        sweep: Sequence[Run],
        rows: tuple[Sensitivity, ...] = (),
    ) -> Study:
        return Study(
            name=self.settings["name"],
            pool=pool,
            runs=tuple(in_order(runs)),
            sweep=tuple(in_order(sweep)),
            utility=self.utility.describe(),
            primary=self.primary,
            comparators=tuple(
                name for name in self.settings["comparators"] if name in self.settings["policies"]
            ),
            cost_unit=prepared.cost_unit,
            dropped=prepared.dropped,
            notes=(*prepared.notes, *self._notes()),
            facts={**prepared.facts, "git_commit": git_commit()},
            sensitivity=rows,
        )

    def _notes(self) -> list[str]:
        """What a reader must know of how the runs were made."""
        protocol, settings = self.protocol, self.settings
        learn = (
            "begin cold" if protocol.learn is None else f"see {protocol.learn} with bandit feedback"
        )
        then = "and go on learning there" if protocol.learn_on_report else "where they stay fixed"
        notes = [
            f"protocol: trainable policies fit on {protocol.fit}; learners {learn}, are reported "
            f"on {protocol.report} {then}",
            f"features: {described(settings['features'])}",
        ]
        absent = [name for name in settings["comparators"] if name not in settings["policies"]]
        if absent:
            notes.append(f"comparators that were not run: {', '.join(absent)}")
        if settings["train_trace"] is not None:
            notes.append(f"domain shift: train is of the trace {settings['train_trace']['name']}")
        at_home = [f"{name} on {part}" for name, part in protocol.fit_of.items()]
        if at_home:
            notes.append(f"fitted elsewhere: {', '.join(at_home)}")
        if settings["floor"]:
            notes.append(f"exploration floor: every policy is {settings['floor']:g} uniform")
        if protocol.feedback_delay_s:
            notes.append(f"feedback arrives {protocol.feedback_delay_s:g} s after the answer")
        return notes


def _for(settings: Mapping[str, Any], plain: type[StudyRunner]) -> type[StudyRunner]:
    from gairp.runners.world.runner import WorldRunner, asks_for_world

    return WorldRunner if asks_for_world(settings) else plain


def described(config: Any) -> str:
    """A configuration as `Class(key=value, …)`."""
    if isinstance(config, Mapping):
        name = str(config.get("_target_", "")).rpartition(".")[2]
        rest = ", ".join(f"{k}={described(v)}" for k, v in config.items() if k != "_target_")
        return f"{name}({rest})"
    if isinstance(config, list):
        return "[" + ", ".join(map(described, config)) + "]"
    return str(config)


def import_tracking() -> Any:
    """The writer's class; importing MLflow takes seconds."""
    from gairp.tracking.writer import StudyWriter

    return StudyWriter


def _primary(policies: Mapping[str, Any], primary: str | None) -> str:
    if not policies:
        raise ConfigError("policy: no policy is chosen; add e.g. policy=[random,linucb]")
    if primary is None or (primary not in policies and len(policies) == 1):
        if len(policies) > 1:
            raise ConfigError(
                "primary: say which policy the verdict is about, one of: " + ", ".join(policies)
            )
        return next(iter(policies))
    if primary not in policies:
        raise UnknownNameError("policy in `primary`", primary, policies)
    return primary
