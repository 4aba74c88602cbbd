"""Brings a study's tables back from the tracking store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import ConfigError
from gairp.tracking.client import connect
from gairp.tracking.writer import KIND, PARENT, TABLE

if TYPE_CHECKING:
    from mlflow import MlflowClient


def fetch_study(run_id: str, uri: str, into: Path) -> Path:
    """Download `data/` of a study and the table of each finished child; return the folder.

    The folder then holds pool.parquet, study.json, sweep/ where there was one, and
    runs/<child run id>.parquet. A child's id brings its study. Raises ConfigError for an id that
    is no study.
    """
    client = connect(uri)
    parent = _study_of(client, run_id, uri)
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


def _study_of(client: MlflowClient, run_id: str, uri: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        tags = client.get_run(run_id).data.tags
    except MlflowException as error:
        raise ConfigError(
            f"no run {run_id!r} in {uri!r}; the run ids are in the MLflow UI, or give another "
            "store with --tracking-uri"
        ) from error
    parent = run_id if tags.get(KIND) == "study" else tags.get(PARENT)
    if not parent:
        raise ConfigError(f"run {run_id!r} is no study of this project (it has no tag {KIND})")
    return str(parent)


def _children(client: MlflowClient, parent: str) -> list[str]:
    experiment = client.get_run(parent).info.experiment_id
    runs = client.search_runs(
        [experiment],
        f"tags.`{PARENT}` = '{parent}' AND attributes.status = 'FINISHED'",
        max_results=50_000,
    )
    return sorted(str(run.info.run_id) for run in runs)
