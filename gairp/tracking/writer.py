"""Writes a study: a parent run, and one child a policy and seed.

One process writes, in batches: a child is created with all its tags, gets its parameters and
metrics in one request, and counts as done only when it is marked finished after its table is up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.tracking.client import connect, experiment_id

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

KIND, POLICY, SEED, TRACE = "gairp.kind", "gairp.policy", "gairp.seed", "gairp.trace"
KEY, TABLE = "gairp.study_key", "data/decisions.parquet"
SWEEP, DOCUMENT = "data/sweep", "data/study.json"
PARENT = "mlflow.parentRunId"
_BATCH, _PARAMS = 1000, 100  #: metrics and parameters that the store takes in one request

Curves = Mapping[str, Iterable[tuple[int, float]]]


class StudyWriter:
    """The parent run of one study, new or taken up again."""

    def __init__(self, *, uri: str, experiment: str, name: str, key: str, trace: str) -> None:
        """`key` names the study's configuration and data: an unfinished one is taken up again."""
        self.client: MlflowClient = connect(uri)
        self.experiment_id = experiment_id(self.client, experiment)
        self.trace = trace
        unfinished = self._unfinished(key)
        self.resumed = unfinished is not None
        tags = {KIND: "study", KEY: key, TRACE: trace}
        self.run_id: str = unfinished or str(
            self.client.create_run(self.experiment_id, run_name=name, tags=tags).info.run_id
        )
        if self.resumed:
            self.client.update_run(self.run_id, status="RUNNING")
            self._delete_torn()

    def finished(self) -> dict[tuple[str, int], str]:
        """Run ids of the children that are done, by policy and seed."""
        children = self.client.search_runs(
            [self.experiment_id],
            f"tags.`{PARENT}` = '{self.run_id}' AND attributes.status = 'FINISHED'",
            max_results=50_000,
        )
        return {
            (run.data.tags[POLICY], int(run.data.tags[SEED])): run.info.run_id for run in children
        }

    def log_child(
        self,
        *,
        policy: str,
        seed: int,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        curves: Curves,
        table: Path,
    ) -> None:
        """One policy on one seed, whole."""
        tags = {
            KIND: "policy_run",
            POLICY: policy,
            SEED: str(seed),
            TRACE: self.trace,
            PARENT: self.run_id,
        }
        run = self.client.create_run(
            self.experiment_id, run_name=f"{policy} · seed {seed}", tags=tags
        )
        self._log_batch(run.info.run_id, params, metrics, curves)
        self.client.log_artifact(run.info.run_id, str(table), artifact_path="data")
        self.client.set_terminated(run.info.run_id, "FINISHED")

    def log_study(self, params: Mapping[str, object], metrics: Mapping[str, float]) -> None:
        """Parameters and metrics of the parent; a parameter that it has already stays."""
        there = self.client.get_run(self.run_id).data.params if self.resumed else {}
        new = {key: value for key, value in params.items() if key not in there}
        self._log_batch(self.run_id, new, metrics, {})

    def log_file(self, file: Path, path: str) -> None:
        """One file, under `path`."""
        self.client.log_artifact(self.run_id, str(file), artifact_path=path)

    def log_files(self, folder: Path, path: str) -> None:
        """All files of a folder, under `path`."""
        self.client.log_artifacts(self.run_id, str(folder), artifact_path=path)

    def tag(self, name: str, value: str) -> None:
        """One more tag on the parent."""
        self.client.set_tag(self.run_id, name, value)

    def close(self, status: str = "FINISHED") -> None:
        """End the parent run; `FAILED` or `KILLED` leaves it to be taken up again."""
        self.client.set_terminated(self.run_id, status)

    def _unfinished(self, key: str) -> str | None:
        found = self.client.search_runs(
            [self.experiment_id],
            f"tags.`{KEY}` = '{key}' AND attributes.status != 'FINISHED'",
            max_results=1,
        )
        return str(found[0].info.run_id) if found else None

    def _delete_torn(self) -> None:
        """Children that a kill left half written are run again: they must not stand beside."""
        torn = self.client.search_runs(
            [self.experiment_id],
            f"tags.`{PARENT}` = '{self.run_id}' AND attributes.status != 'FINISHED'",
            max_results=50_000,
        )
        for run in torn:
            self.client.delete_run(run.info.run_id)

    def _log_batch(
        self,
        run_id: str,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        curves: Curves,
    ) -> None:
        from mlflow.entities import Param

        points = _points(metrics, curves)
        entries = [Param(key, str(value)[:6000]) for key, value in params.items()]
        for i in range(max(-(-len(points) // _BATCH), -(-len(entries) // _PARAMS))):
            self.client.log_batch(
                run_id,
                metrics=points[i * _BATCH : (i + 1) * _BATCH],
                params=entries[i * _PARAMS : (i + 1) * _PARAMS],
            )


def _points(metrics: Mapping[str, float], curves: Curves) -> list[Metric]:
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    # A curve ends at the metric of its name, and the store shows the last step's value.
    points = [Metric(n, float(value), now, 0) for n, value in metrics.items() if n not in curves]
    for name, curve in curves.items():
        points += [Metric(name, float(value), now, step) for step, value in curve]
    return points
