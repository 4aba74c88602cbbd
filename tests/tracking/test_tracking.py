"""A study written to MLflow comes back whole, and an unfinished one is taken up again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from gairp.errors import ConfigError
from gairp.tracking.client import alone, experiment_id
from gairp.tracking.reader import fetch_study
from gairp.tracking.writer import KIND, PARENT, POLICY, SEED, TRACE, StudyWriter

pytestmark = pytest.mark.filterwarnings("ignore")


def open_study(uri: str, key: str) -> StudyWriter:
    return StudyWriter(uri=uri, experiment="test", name="study", key=key, trace="tiny")


def log(writer: StudyWriter, table: Path, seed: int) -> None:
    writer.log_child(
        policy="linucb",
        seed=seed,
        params={"alpha": 0.3},
        metrics={"quality": 0.7, "coverage": 1.0},
        curves={"quality": [(10, 0.5), (20, 0.7)]},
        table=table,
    )


def test_children_have_the_names_that_other_tools_rely_on(uri: str, tmp_path: Path) -> None:
    table = tmp_path / "decisions.parquet"
    table.write_bytes(b"rows")
    writer = open_study(uri, "names")
    log(writer, table, seed=3)
    child = writer.client.get_run(writer.finished()["linucb", 3])
    assert {key: child.data.tags[key] for key in (KIND, POLICY, SEED, TRACE)} == {
        KIND: "policy_run",
        POLICY: "linucb",
        SEED: "3",
        TRACE: "tiny",
    }
    assert child.data.metrics == {"quality": 0.7, "coverage": 1.0}
    assert child.data.params == {"alpha": "0.3"}
    steps = writer.client.get_metric_history(child.info.run_id, "quality")
    assert [(point.step, point.value) for point in steps] == [(10, 0.5), (20, 0.7)]
    assert writer.client.get_run(writer.run_id).data.tags[KIND] == "study"
    writer.close()


def test_an_unfinished_study_is_taken_up_again(uri: str, tmp_path: Path) -> None:
    table = tmp_path / "decisions.parquet"
    table.write_bytes(b"rows")
    first = open_study(uri, "resume")
    log(first, table, seed=0)
    first.close("KILLED")
    second = open_study(uri, "resume")
    assert second.resumed
    assert second.run_id == first.run_id
    assert set(second.finished()) == {("linucb", 0)}
    second.close()
    third = open_study(uri, "resume")
    assert not third.resumed
    third.close()


def test_what_a_kill_left_half_written_is_gone_and_parameters_are_whole(
    uri: str, tmp_path: Path
) -> None:
    table = tmp_path / "decisions.parquet"
    table.write_bytes(b"rows")
    first = open_study(uri, "torn")
    with pytest.raises(OSError, match="absent"):
        log(first, tmp_path / "absent.parquet", seed=0)
    first.log_study({"workers": 1}, {})
    first.close("KILLED")
    second = open_study(uri, "torn")
    log(second, table, seed=0)
    second.log_study({"workers": 2, **{f"p{i}": i for i in range(120)}}, {})
    second.close()
    children = second.client.search_runs(
        [second.experiment_id], f"tags.`{PARENT}` = '{second.run_id}'"
    )
    assert [run.info.status for run in children] == ["FINISHED"]
    params = second.client.get_run(second.run_id).data.params
    assert (len(params), params["workers"], params["p119"]) == (121, "1", "119")


def test_a_study_comes_back_as_files(uri: str, tmp_path: Path) -> None:
    table = tmp_path / "decisions.parquet"
    table.write_bytes(b"rows")
    data = tmp_path / "data"
    data.mkdir()
    (data / "study.json").write_text("{}")
    writer = open_study(uri, "files")
    log(writer, table, seed=0)
    log(writer, table, seed=1)
    writer.log_files(data, "data")
    writer.close()
    folder = fetch_study(writer.run_id, uri, tmp_path / "back")
    assert (folder / "study.json").read_text() == "{}"
    assert len(list((folder / "runs").glob("*.parquet"))) == 2
    child = writer.finished()["linucb", 1]
    assert fetch_study(child, uri, tmp_path / "by-child").name == "data"


def test_a_name_brings_the_latest_finished_study(uri: str, tmp_path: Path) -> None:
    table = tmp_path / "decisions.parquet"
    table.write_bytes(b"rows")
    data = tmp_path / "data"
    data.mkdir()
    for content in ("first", "second", "unfinished"):
        (data / "study.json").write_text(content)
        writer = StudyWriter(uri=uri, experiment="test", name="mine", key=content, trace="tiny")
        log(writer, table, seed=0)
        writer.log_files(data, "data")
        writer.close("KILLED" if content == "unfinished" else "FINISHED")
    folder = fetch_study("mine", uri, tmp_path / "back")
    assert (folder / "study.json").read_text() == "second"


def test_an_experiment_made_meanwhile_is_taken(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = open_study(uri, "race").client
    real, answers = client.get_experiment_by_name, [None]
    monkeypatch.setattr(
        client, "get_experiment_by_name", lambda name: answers.pop() if answers else real(name)
    )
    assert experiment_id(client, "test") == experiment_id(client, "test")
    assert not answers


def test_only_one_at_a_time_opens_a_store(tmp_path: Path) -> None:
    database, entered = tmp_path / "mlflow.db", Event()

    def second() -> None:
        with alone(database):
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        with alone(database):
            waiting = pool.submit(second)
            assert not entered.wait(0.1)
        waiting.result(timeout=5)
    assert entered.is_set()


def test_unknown_runs_are_refused_with_the_remedy(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no run 'nobody'"):
        fetch_study("nobody", uri, tmp_path)


def test_an_unreachable_store_is_refused(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises((ConfigError, OSError)):
        open_study(f"sqlite:///{blocked}/mlflow.db", "x")


def test_an_unfinished_study_has_no_report_yet(uri: str, tmp_path: Path) -> None:
    writer = open_study(uri, "no report yet")
    with pytest.raises(ConfigError, match="is not finished; run its command again"):
        fetch_study(writer.run_id, uri, tmp_path)
    writer.close("KILLED")
