"""Puts a study's report and data into the tracking store, and says where it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.report.folder import save_pool, save_run, save_study_document
from gairp.report.run_metrics import run_curves, run_metrics
from gairp.report.study import Run, Study
from gairp.report.write import Report

if TYPE_CHECKING:
    from gairp.tracking.writer import StudyWriter


def log_run(
    writer: StudyWriter, study: Study, run: Run, config: Mapping[str, Any], scratch: Path
) -> None:
    """One policy on one seed as a child run, with its table of decisions."""
    table = scratch / "decisions.parquet"
    save_run(run, study.pool, table)
    writer.log_child(
        policy=run.policy,
        seed=run.seed,
        params={"policy": run.policy, "seed": run.seed, **flat(config)},
        metrics=run_metrics(study, run),
        curves=run_curves(study, run, points=50),
        table=table,
    )


def publish(
    writer: StudyWriter, study: Study, report: Report, settings: Mapping[str, Any], out: Path
) -> None:
    """Report, pool, settings and verdict onto the parent run."""
    from omegaconf import OmegaConf

    data = out / "data"
    data.mkdir(parents=True, exist_ok=True)
    save_pool(study.pool, data / "pool.parquet")
    save_study_document(study, data / "study.json")
    OmegaConf.save(OmegaConf.create(dict(settings)), data / "config.yaml")
    writer.log_files(data, "data")
    writer.log_files(out / "report", "report")
    shared = {k: v for k, v in settings.items() if k not in ("policies", "hydra")}
    writer.log_study({**flat(shared), **study.facts, "dropped": study.dropped}, {})
    writer.tag("gairp.verdict", report.verdict.line)
    writer.tag("mlflow.note.content", report.verdict.line)


def say_where(
    writer: StudyWriter, settings: Mapping[str, Any], out: Path, table: str = "summary.csv"
) -> None:
    """The places to look at, on the terminal."""
    uri = settings["tracking"]["uri"]
    print(f"report  {out / 'report'}  (report.md, {table}, figures/)")
    print(f"MLflow  run {writer.run_id}  (mlflow ui --backend-store-uri {uri})")


def flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Nested settings as `a.b.c: value`."""
    plain: dict[str, object] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}".replace("_target_", "class")
        if isinstance(value, Mapping) and value:
            plain.update(flat(value, f"{name}."))
        else:
            plain[name] = value
    return plain
