"""A whole study: the same bytes twice, in one process and in two, and resumed after a failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from gairp.errors import ConfigError, DataError, GairpError, PriceError, UnknownNameError
from gairp.replay.runlog import RunLog
from gairp.rewards import Utility
from gairp.run import CONF
from gairp.runners.replay import job as job_module
from gairp.runners.replay import workers
from gairp.runners.replay.job import Job, Protocol, run_job
from gairp.runners.replay.key import study_key
from gairp.runners.replay.prepared import Prepared
from gairp.runners.replay.preparing import prepare
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


def fetch_parent(uri: str, name: str) -> Any:
    client = connect(uri)
    experiments = [e.experiment_id for e in client.search_experiments() if e.name == "gairp"]
    found = client.search_runs(experiments, f"tags.`{KIND}` = 'study'")
    (parent,) = [run for run in found if run.info.run_name == name]
    return parent


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
    # Seven jobs a policy: five of its sweep, then its two seeds.
    sweep = ["name=killed", "sweep.cost_weights=[0,0.1,0.2,0.4,0.8]", "sweep.seeds=1"]
    config = settings(tiny_tables, uri, sweep)
    calls: list[tuple[str, int, float | None]] = []

    def breaks_in_the_second_sweep(prepared: Prepared, job: Job) -> Any:
        if len(calls) == 10:
            raise KeyboardInterrupt
        calls.append(job.key)
        return run_job(prepared, job)

    monkeypatch.setattr(workers, "run_job", breaks_in_the_second_sweep)
    with pytest.raises(KeyboardInterrupt):
        StudyRunner(config, out=tmp_path / "first", workers=1).run()
    done = list(calls)
    calls.clear()

    def counted(prepared: Prepared, job: Job) -> Any:
        calls.append(job.key)
        return run_job(prepared, job)

    monkeypatch.setattr(workers, "run_job", counted)
    resumed = StudyRunner(config, out=tmp_path / "second", workers=1).run()
    assert not set(done) & set(calls)
    assert len(done) + len(calls) == 21
    monkeypatch.undo()
    whole = settings(tiny_tables, uri, [*sweep, "tracking.experiment=whole"])
    again = StudyRunner(whole, out=tmp_path / "third", workers=1).run()
    assert summary(resumed) == summary(again)
    parent = fetch_parent(uri, "killed")
    assert parent.data.params["split_hash"]
    assert parent.data.params["utility.cost_weight"] == "0.1"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_policy_that_fails_is_named_and_the_others_are_kept(
    tiny_tables: Path, uri: str, tmp_path: Path, processes: int
) -> None:
    config = settings(tiny_tables, uri, ["name=failing", "policy=[random,fixed]", "primary=random"])
    config["policies"]["fixed"]["arm"] = "nobody"
    with pytest.raises(
        GairpError, match=r"policy 'fixed', seed [01]: .*nobody.*run the same command"
    ):
        StudyRunner(config, out=tmp_path, workers=processes).run()
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
        (["seed=[0,0]"], ConfigError, "names a seed twice"),
        (["seed=-1"], ConfigError, "-1 is no seed"),
        (["+trace.whre={dataset: x}"], UnknownNameError, "trace.where"),
        (["primary=nobody"], UnknownNameError, "there are: greedy_linear, linucb, random"),
        (["primary=null"], ConfigError, "say which policy the verdict is about"),
        (["trace.path=none.parquet"], ConfigError, "trace.path: there is no file 'none.parquet'"),
        (["trace.arms=[small,huge]"], UnknownNameError, "there are: coder, large, small"),
        (["protocol.report=holdout"], UnknownNameError, "there are: test, train, validation"),
        (["trace.columns.cost_usd=null"], PriceError, "trace.prices.as_of"),
        (["utility=strong_share"], ConfigError, "set utility.cost_scale=linear or log"),
        (["trace.cost={strong: large}"], ConfigError, "set utility=strong_share"),
        (
            ["trace.columns.latency_s=null", "utility.latency_weight=0.1"],
            DataError,
            "arm 'coder' has no latency",
        ),
        (["protocol.report=train"], ConfigError, "report and protocol.fit are both 'train'"),
        (["trace.split.fractions=null"], ConfigError, "neither fractions nor source"),
        (
            ["+experimnt=custom"],
            UnknownNameError,
            "unknown key 'experimnt'; there are: adaptation, bootstrap",
        ),
        (["+utility.wieght=1"], UnknownNameError, "unknown key 'utility.wieght'"),
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


def test_the_decision_log_is_of_the_study_and_not_of_a_changed_assumption(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    overrides = [
        "name=logged",
        "policy=[random]",
        "primary=random",
        "trace.columns.output_tokens=null",
        "trace.assume.output_tokens=100",
        "record=true",
    ]
    StudyRunner(settings(tiny_tables, uri, overrides), out=tmp_path, workers=1).run()
    log = pq.read_table(tmp_path / "decisions" / "random-0.parquet")
    assert set(log["output_tokens"].to_pylist()) == {100.0}


def test_missing_reject_counts_rejections_and_compares_on_the_intersection(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    outcomes: Any = pd.read_parquet(tiny_tables / "outcomes.parquet")
    # The coder answers no poem: 40 prompts lack it.
    poems = outcomes["prompt_id"].str[1:].astype(int) % 3 == 1
    outcomes[~(poems & (outcomes["model"] == "coder"))].to_parquet(tmp_path / "outcomes.parquet")
    prompts = pd.read_parquet(tiny_tables / "prompts.parquet")
    prompts.to_parquet(tmp_path / "prompts.parquet")
    config = settings(tmp_path, uri, ["name=rejecting", "trace.missing=reject"])
    folder = StudyRunner(config, out=tmp_path / "out", workers=1).run()
    rows: Any = pd.read_csv(folder / "summary.csv").set_index("policy")
    assert rows.loc["fixed:coder", "coverage"] == pytest.approx(2 / 3, abs=0.02)
    assert rows.loc["fixed:large", "coverage"] == 1.0
    assert 2 / 3 < rows.loc["random", "coverage"] < 1.0
    text = (folder / "report.md").read_text()
    assert "60 reported, 40 answered by every arm and run and compared; 0 dropped" in text
    # Nor may the train means that choose arms rest on other prompts for one arm than for another.
    prepared = prepare(config["trace"], config["features"], Utility(cost_weight=0.1), seed=0)
    pool = prepared.pool("train", "test", Utility(cost_weight=0.1))
    train = prepared.outcomes.quality[prepared.rows("train")]
    whole = train[~np.isnan(train).any(axis=1)]
    np.testing.assert_allclose(pool.train_quality, whole.mean(axis=0))


def test_an_arm_without_costs_is_no_error_where_cost_is_off(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    outcomes: Any = pd.read_parquet(tiny_tables / "outcomes.parquet")
    outcomes.loc[outcomes["model"] == "coder", "cost_usd"] = np.nan
    outcomes.to_parquet(tmp_path / "outcomes.parquet")
    pd.read_parquet(tiny_tables / "prompts.parquet").to_parquet(tmp_path / "prompts.parquet")
    config = settings(tmp_path, uri, ["utility=quality", "trace.missing=drop"])
    prepared = prepare(config["trace"], config["features"], Utility(), seed=0)
    assert np.isnan(prepared.max_cost("train")).tolist() == [
        arm == "coder" for arm in prepared.arms
    ]
    assert np.isnan(prepared.expected_cost("train")).sum() == 1


def test_a_share_of_strong_calls_is_no_estimate_of_the_source(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    outcomes: Any = pd.read_parquet(tiny_tables / "outcomes.parquet")
    outcomes.rename(columns={"cost_usd": "cost_usd_est"}).to_parquet(tmp_path / "outcomes.parquet")
    pd.read_parquet(tiny_tables / "prompts.parquet").to_parquet(tmp_path / "prompts.parquet")
    mapped = ["trace.columns.cost_usd=cost_usd_est", "utility=strong_share"]
    for extra, notes in (([], ("estimated: cost_usd = cost_usd_est",)), (["large"], ())):
        strong = [f"+trace.cost={{strong: {arm}}}" for arm in extra]
        config = settings(tmp_path, uri, [*mapped, *strong])
        prepared = prepare(config["trace"], config["features"], Utility(), seed=0)
        assert prepared.notes == notes
    assert prepared.outcomes.cost_usd is not None
    by_arm = dict(zip(prepared.arms, prepared.outcomes.cost_usd.mean(axis=0), strict=True))
    assert by_arm == {"small": 0.0, "coder": 0.0, "large": 1.0}


def test_parameters_of_a_policy_that_was_left_out_are_nobodys(tmp_path: Path) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("run", ["+experiment=quickstart", "policy=linucb"])
    plain: Any = OmegaConf.to_container(config, resolve=True)
    runner = StudyRunner(plain, out=tmp_path, workers=1)
    assert list(runner.settings["policies"]) == ["linucb"]
    assert runner.primary == "linucb"


def test_a_sweep_that_an_earlier_study_left_in_the_folder_is_not_published(
    tiny_tables: Path, uri: str, tmp_path: Path
) -> None:
    for name, weights in (("earlier", "[0.7,0.9]"), ("later", "[0.2]")):
        overrides = [f"name={name}", f"sweep.cost_weights={weights}", "policy=[random,linucb]"]
        config = settings(tiny_tables, uri, [*overrides, "primary=linucb", "sweep.seeds=1"])
        StudyRunner(config, out=tmp_path, workers=1).run()
    run_id = fetch_parent(uri, "later").info.run_id
    files = connect(uri).list_artifacts(run_id, "data/sweep")
    assert sorted(Path(file.path).name for file in files) == [
        "linucb-w0.2-s0.parquet",
        "random-w0.2-s0.parquet",
    ]


def test_changed_code_makes_another_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    module = tmp_path / "my_own_policy.py"
    module.write_text("alpha = 1\n")
    config = {"policies": {"mine": {"_target_": "my_own_policy.Mine"}}, "workers": 1}
    first = study_key(config, {})
    assert study_key({**config, "workers": 2}, {}) == first
    module.write_text("alpha = 2\n")
    assert study_key(config, {}) != first


def test_a_second_pass_explores_anew(
    tiny_tables: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = settings(tiny_tables, uri)
    prepared = prepare(config["trace"], config["features"], Utility(), seed=0)
    logs: list[RunLog] = []

    def nowhere() -> RunLog:
        logs.append(RunLog(prepared.arms))
        return logs[-1]

    monkeypatch.setattr(job_module, "Nowhere", nowhere)
    policy = {"_target_": "gairp.policies.epsilon_greedy.EpsilonGreedy", "epsilon": 1.0}
    job = Job(policy="e", config=policy, seed=3, utility={}, protocol=Protocol(epochs=2))
    run_job(prepared, job)
    first, second = (
        dict(zip(*map(log.columns().get, ("rows", "arms")), strict=True)) for log in logs
    )
    differ = [first[row] != second[row] for row in first]
    assert 0.4 < np.mean(differ) < 0.9
