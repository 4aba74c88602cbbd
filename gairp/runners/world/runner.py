"""The runner of a study in a changing world: prepare, replay, log, report."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.report.terminal import print_world_report
from gairp.report.world.study import WorldRun, WorldStudy
from gairp.report.world.write import WorldReport, write_world_report
from gairp.runners.publish import flat, say_where
from gairp.runners.replay.key import git_commit
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.progress import progress
from gairp.runners.replay.runner import StudyRunner, described, import_tracking
from gairp.runners.replay.workers import run_jobs
from gairp.runners.world.job import (
    WorldJob,
    as_world_job,
    built,
    events_of,
    run_world_job,
    stage_of,
)

if TYPE_CHECKING:
    from gairp.tracking.writer import StudyWriter

#: Groups any of which make a study one of a changing world.
GROUPS = ("scenario", "feedback", "capacity")


def asks_for_world(settings: Mapping[str, Any]) -> bool:
    """Whether a configuration has anything that the plain replay does not know."""
    arrivals = settings["protocol"].get("arrivals") or {}
    closed = str(arrivals.get("_target_", "")).endswith(".ClosedLoop")
    return closed or any(settings.get(group) for group in GROUPS)


class WorldRunner(StudyRunner):
    """Replays policies over seeds in a world that changes; a killed study goes on where it was."""

    def run(self) -> Path:
        """Run the study to its report; return the report's folder."""
        with ThreadPoolExecutor(1) as background:
            tracking = background.submit(import_tracking)
            prepared = self._prepare()
            writer = self._open(tracking, prepared)
        try:
            runs = list(self._runs(prepared, writer))
            study = self._world_study(prepared, runs)
            report = self._world_report(study)
            self._publish(writer, study, report)
        except BaseException as error:
            with suppress(Exception):
                writer.close("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        writer.close()
        say_where(writer, self.settings, self.out, "policies.csv")
        print_world_report(report, study.name)
        return self.out / "report"

    # -- steps ----------------------------------------------------------------------------

    def world_jobs(self) -> list[WorldJob]:
        """Every policy on every seed; a λ sweep is none of a changing world."""
        settings = self.settings
        world = {key: settings[key] for key in (*GROUPS, "fallbacks")}
        return [as_world_job(job, **world) for job in self._jobs(self.seeds)]

    def _runs(self, prepared: Prepared, writer: StudyWriter) -> Iterator[WorldRun]:
        from gairp.tracking.reader import fetch_table

        finished = writer.finished() if writer.resumed else {}
        with tempfile.TemporaryDirectory(prefix="gairp-") as folder:
            for number, run_id in enumerate(finished.values()):
                place = Path(folder) / str(number)
                place.mkdir()
                yield WorldRun.load(fetch_table(run_id, writer.client, place))
            jobs = [job for job in self.world_jobs() if (job.policy, job.seed) not in finished]
            done = run_jobs(prepared, jobs, self.workers, run=run_world_job)
            for _, run in progress(done, len(jobs)):
                self._keep_run(writer, run, Path(folder))
                yield run

    def _keep_run(self, writer: StudyWriter, run: WorldRun, scratch: Path) -> None:
        table = scratch / "decisions.parquet"
        run.save(table)
        config = self.settings["policies"][run.policy]
        writer.log_child(
            policy=run.policy,
            seed=run.seed,
            params={"policy": run.policy, "seed": run.seed, **flat(config)},
            metrics={
                "quality": float(run["quality"].mean()),
                "cost_usd": float(run["cost_usd"].mean()),
                "utility": float(run["utility"].mean()),
                "dynamic_regret": float(run.regret.mean()),
                "alarms": float(run["alarms"][-1]),
            },
            curves={},
            table=table,
        )

    def _world_study(self, prepared: Prepared, runs: list[WorldRun]) -> WorldStudy:
        settings, order = self.settings, list(self.settings["policies"])
        stage = stage_of(prepared, self.world_jobs()[0], requests=len(runs[0]["row"]))
        return WorldStudy(
            name=settings["name"],
            runs=tuple(sorted(runs, key=lambda run: (order.index(run.policy), run.seed))),
            groups=prepared.groups,
            primary=self.primary,
            notes=(*prepared.notes, *self._notes(), *_told(settings, stage.roles)),
            facts={**prepared.facts, "git_commit": git_commit()},
            **settings["adaptation"],
        )

    def _world_report(self, study: WorldStudy) -> WorldReport:
        return write_world_report(
            study,
            self.out / "report",
            draws=self.settings["bootstrap"]["draws"],
            seed=self.settings["study_seed"],
        )

    def _publish(self, writer: StudyWriter, study: WorldStudy, report: WorldReport) -> None:
        shared = {k: v for k, v in self.settings.items() if k not in ("policies", "hydra")}
        writer.log_files(self.out / "report", "report")
        writer.log_study({**flat(shared), **study.facts}, {})
        writer.tag("gairp.verdict", report.verdict)


def _told(settings: Mapping[str, Any], roles: Mapping[str, str]) -> Iterator[str]:
    """The world in words."""
    for event in events_of(settings["scenario"]):
        yield f"scenario: {event}"
    for model in built(settings["feedback"].values()):
        yield f"feedback: {model}"
    arrivals = settings["protocol"]["arrivals"]
    for name, config in (("arrivals", arrivals), ("capacity", settings["capacity"])):
        if config:
            yield f"{name}: {described(config)}"
    if settings["scenario"]:
        yield "roles: " + ", ".join(f"{role} = {arm}" for role, arm in roles.items())
