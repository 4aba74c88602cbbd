"""A whole study: the same bytes twice, in one process and in two, and resumed after a failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError, GairpError, PriceError, UnknownNameError
from gairp.run import CONF
from gairp.runners.replay import workers
from gairp.runners.replay.job import Job, run_job
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.runner import StudyRunner
from gairp.tracking.client import connect
from gairp.tracking.writer import KIND, POLICY, SEED

pytestmark = pytest.mark.filterwarnings("ignore")


def settings(tables: Path, uri: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "run",
            [
                "+experiment=custom",
                f"trace.path={tables / 'outcomes.parquet'}",
                f"trace.prompts={tables / 'prompts.parquet'}",
                "policy=[random,linucb,greedy_linear]",
                "seed=[0,1]",
                "bootstrap.draws=50",
                f"tracking.uri={uri}",
                *overrides,
            ],
        )
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {str(key): value for key, value in plain.items()}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"


def summary(folder: Path) -> bytes:
    return (folder / "summary.csv").read_bytes()


def test_twice_and_in_two_processes_gives_the_same_bytes(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    config = settings(tiny_tables, uri, ["sweep.cost_weights=[0,0.1,0.2,0.4,0.8]"])
    folders = [
        StudyRunner(config, out=tmp_path / str(i), workers=n).run() for i, n in enumerate((1, 1, 2))
    ]
    assert summary(folders[0]) == summary(folders[1]) == summary(folders[2])
    assert b"greedy_linear" in summary(folders[0])


def test_a_killed_study_keeps_its_finished_seeds_and_resumes(
    tiny_tables: Path, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tiny_tables, uri, ["name=killed"])
    calls: list[tuple[str, int]] = []

    def breaks_after_three(prepared: Prepared, job: Job) -> Any:
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append((job.policy, job.seed))
        return run_job(prepared, job)

    monkeypatch.setattr(workers, "run_job", breaks_after_three)
    with pytest.raises(KeyboardInterrupt):
        StudyRunner(config, out=tmp_path / "first", workers=1).run()
    done = list(calls)
    calls.clear()

    def counted(prepared: Prepared, job: Job) -> Any:
        calls.append((job.policy, job.seed))
        return run_job(prepared, job)

    monkeypatch.setattr(workers, "run_job", counted)
    resumed = StudyRunner(config, out=tmp_path / "second", workers=1).run()
    assert not set(done) & set(calls)
    assert len(done) + len(calls) == 6
    monkeypatch.undo()
    whole = settings(tiny_tables, uri, ["name=killed", "tracking.experiment=whole"])
    again = StudyRunner(whole, out=tmp_path / "third", workers=1).run()
    assert summary(resumed) == summary(again)


def test_a_policy_that_fails_is_named_and_the_others_are_kept(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    config = settings(tiny_tables, uri, ["name=failing", "policy=[random,fixed]", "primary=random"])
    config["policies"]["fixed"]["arm"] = "nobody"
    with pytest.raises(GairpError, match=r"policy 'fixed', seed 0: .*nobody.*run the same command"):
        StudyRunner(config, out=tmp_path, workers=1).run()
    client = connect(uri)
    experiment = client.get_experiment_by_name("gairp")
    assert experiment is not None
    found = client.search_runs(
        [experiment.experiment_id],
        f"tags.`{KIND}` = 'policy_run' AND tags.`{POLICY}` = 'random'",
    )
    seeds = {run.data.tags[SEED] for run in found}
    assert {"0", "1"} <= seeds


def test_what_is_wrong_is_said_with_what_exists(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    for overrides, error, message in (
        (["primary=nobody"], UnknownNameError, "there are: greedy_linear, linucb, random"),
        (["primary=null"], ConfigError, "say which policy the verdict is about"),
        (["trace.path=none.parquet"], ConfigError, "trace.path: there is no file 'none.parquet'"),
        (["trace.arms=[small,huge]"], UnknownNameError, "there are: coder, large, small"),
        (["protocol.report=holdout"], UnknownNameError, "there are: test, train, validation"),
        (["trace.columns.cost_usd=null"], PriceError, "trace.prices.as_of"),
    ):
        with pytest.raises(error, match=message):
            StudyRunner(settings(tiny_tables, uri, overrides), out=tmp_path, workers=1).run()


def test_an_assumed_length_is_labelled_and_its_sensitivity_shown(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "models:\n"
        + "".join(
            f"  {arm}: [{{from: 2025-01-01, input: {usd}, output: {usd}}}]\n"
            for arm, usd in (("small", 0.1), ("coder", 0.5), ("large", 2.0))
        )
    )
    config = settings(
        tiny_tables,
        uri,
        [
            "name=assumed",
            "policy=[random,greedy_linear]",
            "trace.columns.output_tokens=null",
            "trace.columns.cost_usd=null",
            "trace.assume.output_tokens=100",
            "trace.prices.as_of=2025-06-01",
            f"trace.prices.user_files=[{prices}]",
        ],
    )
    folder = StudyRunner(config, out=tmp_path / "out", workers=1).run()
    text = (folder / "report.md").read_text()
    assert "assumed: output_tokens = 100" in text
    assert "×0.5" in text
    assert "×2" in text
