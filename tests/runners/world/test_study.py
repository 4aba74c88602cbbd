"""A study in a changing world: tables, figure, verdict, the same bytes twice, and resumed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gairp.errors import GairpError
from gairp.runners.replay.job import Job
from gairp.runners.replay.prepared import Prepared
from gairp.runners.world import runner as runner_module
from gairp.runners.world.job import run_world_job
from gairp.runners.world.runner import WorldRunner, asks_for_world
from tests.runners.world.stage import composed

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"


def settings(tables: Path, uri: str, *overrides: str) -> dict[str, Any]:
    return composed(
        "+experiment=custom",
        f"trace.path={tables / 'outcomes.parquet'}",
        f"trace.prompts={tables / 'prompts.parquet'}",
        "policy=[random,linucb]",
        "primary=linucb",
        "scenario=[quality_drift,model_arrival]",
        "scenario.model_arrival.arm=coder",
        "scenario.model_arrival.start={share: 0.2}",
        "seed=[0,1]",
        "bootstrap.draws=50",
        "adaptation.window=10",
        f"tracking.uri={uri}",
        *overrides,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_report_is_whole_and_the_same_twice(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    config = settings(tiny_tables, uri)
    first, second = (WorldRunner(config, out=tmp_path / str(n), workers=1).run() for n in (1, 2))
    assert files(first) == files(second)
    assert {"policies.csv", "segments.csv", "changes.csv", "report.md", "figures/stream.png"} <= (
        set(files(first))
    )
    random, linucb = pd.read_csv(first / "policies.csv", na_values="—").to_dict("records")
    assert (random["policy"], linucb["policy"]) == ("random", "linucb")
    assert linucb["quality"] > random["quality"]
    assert linucb["primary_gain"] != linucb["primary_gain"]
    gain = linucb["utility"] - random["utility"]
    assert random["primary_gain"] == pytest.approx(gain, abs=1e-5)
    changes = pd.read_csv(first / "changes.csv", na_values="—")
    assert changes["change"].tolist() == [1, 2, 3, 1, 2, 3]
    text = (first / "report.md").read_text()
    assert "no verdict on 2 seed(s); ten are needed" in text
    assert "roles: best = large" in text


def test_a_killed_study_goes_on_where_it_was(
    tiny_tables: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tiny_tables, uri, "name=killed")
    done: list[tuple[str, int]] = []

    def breaks(prepared: Prepared, job: Job) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append((job.policy, job.seed))
        return run_world_job(prepared, job)

    monkeypatch.setattr(runner_module, "run_world_job", breaks)
    with pytest.raises(KeyboardInterrupt):
        WorldRunner(config, out=tmp_path / "first", workers=1).run()
    again: list[tuple[str, int]] = []

    def counted(prepared: Prepared, job: Job) -> Any:
        again.append((job.policy, job.seed))
        return run_world_job(prepared, job)

    monkeypatch.setattr(runner_module, "run_world_job", counted)
    resumed = WorldRunner(config, out=tmp_path / "second", workers=1).run()
    assert sorted(done + again) == [("linucb", 0), ("linucb", 1), ("random", 0), ("random", 1)]
    monkeypatch.undo()
    other = settings(tiny_tables, uri, "name=killed", "tracking.experiment=whole")
    whole = WorldRunner(other, out=tmp_path / "third", workers=1).run()
    assert files(resumed) == files(whole)


def test_a_study_asks_for_a_world_where_anything_happens() -> None:
    assert not asks_for_world(composed("+experiment=quickstart"))
    assert asks_for_world(composed("+experiment=quickstart", "scenario=outage"))


def test_a_job_that_fails_is_named(tiny_tables: Path, uri: str, tmp_path: Path) -> None:
    config = settings(tiny_tables, uri, "scenario.model_arrival.arm=nobody", "name=failing")
    with pytest.raises(GairpError, match="arm or role in scenario 'nobody'"):
        WorldRunner(config, out=tmp_path, workers=1).run()
