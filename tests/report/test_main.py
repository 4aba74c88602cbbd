"""`python -m gairp.report`: from fetched folders to a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gairp.report.__main__ import main
from gairp.report.csv_table import summary_csv
from gairp.report.folder import save_study
from gairp.report.study import Run, Study
from gairp.report.summary import summarise


@pytest.fixture
def store(study: Study, make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> Study:
    """A tracking store that holds `one` (the study), `two` (another policy), `far` (a pool)."""
    studies = {
        "one": study,
        "two": replace(study, runs=(make_run([1] * 8, policy="q"),), primary="q"),
        "far": replace(study, pool=replace(study.pool, arms=("weak", "other"))),
    }

    def fetch(run_id: str, uri: str, into: Path) -> Path:
        assert uri == "sqlite:///here.db"
        save_study(studies[run_id], into / run_id)
        return into / run_id

    monkeypatch.setattr("gairp.tracking.reader.fetch_study", fetch)
    return study


COMMON = ["--tracking-uri", "sqlite:///here.db", "--draws", "50"]


def test_one_run(store: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["one", *COMMON, "--out", str(tmp_path)]) == 0
    table = (tmp_path / "summary.csv").read_text(encoding="utf-8")
    assert table == summary_csv(summarise(store, draws=50))
    assert capsys.readouterr().out.rstrip().endswith("no verdict: 2 seeds, 10 needed.")


def test_several_runs_merge(store: Study, tmp_path: Path) -> None:
    assert main(["one", "two", "one", *COMMON, "--primary", "q", "--out", str(tmp_path)]) == 0
    table = (tmp_path / "summary.csv").read_text(encoding="utf-8")
    assert [line.split(",")[:2] for line in table.splitlines()[-2:]] == [
        ["q", "primary"],
        ["p", "policy"],
    ]


def test_other_pools_are_compared(
    store: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["one", "far", *COMMON, "--out", str(tmp_path)]) == 0
    assert not (tmp_path / "summary.csv").exists()
    table = (tmp_path / "effects.csv").read_text(encoding="utf-8")
    assert table.splitlines()[0].startswith("policy,data_set,effect,")
    assert [line.split(",")[:2] for line in table.splitlines()[1:]] == [
        [policy, data] for policy in ("p", "zero_router") for data in ("all", "tiny", "tiny (2)")
    ]
    # Seeds at 0.75 and 0.5, costs 0.002 and 0.001: 0.625 where the mix of 0.0015 has 0.5625.
    assert table.splitlines()[1].split(",")[2] == "0.062500"
    assert "over 2 data sets" in capsys.readouterr().out


def test_one_pool_is_compared_on_demand(store: Study, tmp_path: Path) -> None:
    asked = ["one", "two", *COMMON, "--compare", "--by", "utility", "--out", str(tmp_path)]
    assert main(asked) == 0
    assert (tmp_path / "summary.csv").exists()
    # Of seed 0, which both have: p is right on 6 of 8 prompts, as q is, at 0.1 USD less utility.
    assert (tmp_path / "pairs.csv").read_text(encoding="utf-8").splitlines()[1].split(",")[:3] == [
        "p", "q", "0.100000",
    ]  # fmt: skip
