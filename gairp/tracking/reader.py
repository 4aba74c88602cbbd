"""Brings a study's tables back from the tracking store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import ConfigError
from gairp.tracking.client import connect
from gairp.tracking.writer import DOCUMENT, KIND, PARENT, POLICY, SEED, SWEEP, TABLE

if TYPE_CHECKING:
    from mlflow import MlflowClient


def fetch_study(run: str, uri: str, into: Path) -> Path:
    """Download `data/` of a study and the table of each finished child; return the folder.

    `run` is a run id, where a child's id brings its study, or the name of a study, which brings
    its latest finished run. The folder then holds pool.parquet, study.json, sweep/ where there
    was one, and runs/<child run id>.parquet. Raises ConfigError where no study is meant.
    """
    client = connect(uri)
    parent = _study_of(client, run, uri)
    if not any(entry.path == DOCUMENT for entry in client.list_artifacts(parent, "data")):
        raise ConfigError(
            f"study {parent!r} is not finished; run its command again, which does what is "
            "missing, and then remake the report"
        )
    folder = into / parent
    folder.mkdir(parents=True, exist_ok=True)
    client.download_artifacts(parent, "data", str(folder))
    data = folder / "data"
    (data / "runs").mkdir(exist_ok=True)
    for child in _children(client, parent):
        table = Path(client.download_artifacts(child, TABLE, str(folder)))
        table.replace(data / "runs" / f"{child}.parquet")
    return data


def fetch_table(run_id: str, client: MlflowClient, into: Path) -> Path:
    """Download the table of one finished child."""
    return Path(client.download_artifacts(run_id, TABLE, str(into)))


def fetch_sweep(run_id: str, client: MlflowClient, into: Path) -> list[Path]:
    """Download the tables of a study's λ sweep, as far as it came."""
    tables = [entry.path for entry in client.list_artifacts(run_id, SWEEP)]
    return [Path(client.download_artifacts(run_id, path, str(into))) for path in sorted(tables)]


def _study_of(client: MlflowClient, run: str, uri: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        tags = client.get_run(run).data.tags
    except MlflowException as error:
        latest = _latest(client, run)
        if latest is None:
            raise ConfigError(
                f"no run {run!r} and no finished study of this name in {uri!r}; the run ids are "
                "in the MLflow UI, or give another store with --tracking-uri"
            ) from error
        return latest
    parent = run if tags.get(KIND) == "study" else tags.get(PARENT)
    if not parent:
        raise ConfigError(f"run {run!r} is no study of this project (it has no tag {KIND})")
    return str(parent)


def _latest(client: MlflowClient, name: str) -> str | None:
    found = client.search_runs(
        [experiment.experiment_id for experiment in client.search_experiments()],
        f"tags.`{KIND}` = 'study' AND attributes.status = 'FINISHED'",
        max_results=5_000,
        order_by=["attributes.start_time DESC"],
    )
    return next((str(run.info.run_id) for run in found if run.info.run_name == name), None)


def _children(client: MlflowClient, parent: str) -> list[str]:
    experiment = client.get_run(parent).info.experiment_id
    runs = client.search_runs(
        [experiment],
        f"tags.`{PARENT}` = '{parent}' AND attributes.status = 'FINISHED'",
        max_results=50_000,
    )
    # Two processes may have made the same study at once; one run a policy and seed is enough.
    by_job = {(run.data.tags[POLICY], run.data.tags[SEED]): str(run.info.run_id) for run in runs}
    return sorted(by_job.values())
