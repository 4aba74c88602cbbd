"""Judges are asked once about each answer, whatever happens in between, and told apart."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gairp.errors import BackendError, ConfigError, DataError
from gairp.rewards.judges import PointwiseJudge
from gairp.runners.judge_agreement.answers import sample
from gairp.runners.judge_agreement.runner import JudgeAgreementRunner
from gairp.types import Request
from tests.rewards.judges.bench import ARM, YES_NO, Bench, Reply, user_text

DATA = Path(__file__).resolve().parents[3] / "datasets" / "local_llm"


def shown(request: Request) -> tuple[str, str]:
    """Reference and answer, as the judge saw them."""
    text = user_text(request)
    found = [
        re.search(rf"\[BEGIN {name} (\w+)\]\n(.*?)\n\[END {name} \1\]", text, re.DOTALL)
        for name in ("reference", "answer")
    ]
    return found[0].group(2) if found[0] else "", found[1].group(2) if found[1] else ""


def compares(request: Request) -> str:
    reference, answer = shown(request)
    return "yes" if reference.casefold() in answer.casefold() else "no"


def runner(tmp_path: Path, reply: Reply, **settings: Any) -> tuple[JudgeAgreementRunner, Bench]:
    bench = Bench(reply, cost_usd=0.001)
    judge = PointwiseJudge(backend=bench, arm=ARM, rubric=YES_NO)
    made = JudgeAgreementRunner(
        judges={"bench": judge},
        data=str(DATA),
        work=str(tmp_path / "work"),
        out=str(tmp_path / "out"),
        **{"per_family": 1, "draws": 100, **settings},
    )
    return made, bench


def summary(tmp_path: Path) -> dict[str, dict[str, str]]:
    with (tmp_path / "out" / "summary.csv").open() as file:
        return {row["judge"]: row for row in csv.DictReader(file)}


def test_the_sample_has_every_model_in_every_family() -> None:
    drawn = sample(DATA, per_family=2, seed=3)
    cells = [(answer.family, answer.model) for answer in drawn.answers]
    assert len(drawn.answers) + drawn.blank == 17 * 4 * 2
    assert {cells.count(cell) for cell in cells} == {2}
    assert drawn == sample(DATA, per_family=2, seed=3)
    assert drawn != sample(DATA, per_family=2, seed=4)


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="per_family is 67; the family 'arithmetic' has 66"):
        sample(DATA, per_family=67, seed=0)
    with pytest.raises(DataError, match=r"no table at .*; set runner\.data"):
        sample(tmp_path, per_family=1, seed=0)


def test_a_report_says_how_far_a_judge_agrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, bench = runner(tmp_path, compares)
    report = made.run()
    assert len(bench.requests) == 68
    assert bench.closed == 1
    rows = summary(tmp_path)
    assert list(rows) == ["bench", "always wrong", "answer occurs", "own opinion"]
    assert rows["bench"]["judged"] == "68"
    # It compares texts, as one of the controls does.
    assert float(rows["bench"]["kappa"]) > 0.6
    assert float(rows["answer occurs"]["kappa"]) > 0.6
    assert float(rows["always wrong"]["kappa"]) == 0.0
    assert float(rows["own opinion"]["kappa"]) < 0.5
    assert capsys.readouterr().out == report.read_text() + "\n"
    assert "| bench | 68 | 0 | 0 |" in report.read_text()
    assert "| bench | 1.00 |" in (tmp_path / "out" / "report.md").read_text()
    names = {path.name for path in (tmp_path / "out" / "figures").iterdir()}
    assert names == {"agreement.png", "agreement.svg", "bias.png", "bias.svg"}


def test_what_is_judged_is_not_asked_again_and_the_report_is_the_same(tmp_path: Path) -> None:
    first, _ = runner(tmp_path, compares)
    first.run()
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    second, bench = runner(tmp_path, lambda request: "never asked")
    second.run()
    assert bench.requests == []
    assert {path: path.read_bytes() for path in files} == before


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    asked: list[str] = []

    def dies(request: Request) -> str:
        if len(asked) == 10:
            raise KeyboardInterrupt
        asked.append(request.id)
        return compares(request)

    made, bench = runner(tmp_path, dies)
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert bench.closed == 1
    journal = tmp_path / "work" / "bench.jsonl"
    assert len(journal.read_text().splitlines()) == 10
    journal.write_bytes(journal.read_bytes() + b'{"prompt_id": "torn')
    again, bench = runner(tmp_path, compares)
    again.run()
    assert len(bench.requests) == 58
    assert len(journal.read_text().splitlines()) == 68


def test_unreadable_verdicts_are_counted_and_in_no_share(tmp_path: Path) -> None:
    made, _ = runner(
        tmp_path, lambda request: "no" if "arithmetic" not in request.id else "Well, maybe."
    )
    report = made.run().read_text()
    row = summary(tmp_path)["bench"]
    assert (row["asked"], row["judged"], row["unparsed"], row["says_right"]) == (
        "68", "64", "4", "0.000000",
    )  # fmt: skip
    assert "| bench | 64 | 4 | 0 |" in report


def test_failed_calls_are_asked_once_more(tmp_path: Path) -> None:
    made, _ = runner(tmp_path, lambda request: None if "facts" in request.id else "no")
    made.run()
    assert summary(tmp_path)["bench"]["failed"] == "4"
    again, bench = runner(tmp_path, lambda request: "no")
    again.run()
    assert len(bench.requests) == 4
    assert summary(tmp_path)["bench"]["failed"] == "0"


def test_a_judge_that_is_gone_stops_the_run(tmp_path: Path) -> None:
    made, bench = runner(tmp_path, lambda request: None)
    with pytest.raises(BackendError, match="failed 5 times in a row, last with: error: timeout"):
        made.run()
    assert len(bench.requests) == 5


def test_another_judge_needs_another_folder(tmp_path: Path) -> None:
    made, _ = runner(tmp_path, compares)
    made.run()
    bench = Bench(compares)
    other = PointwiseJudge(backend=bench, arm=ARM, rubric=YES_NO, seed=1)
    made.judges = {"bench": other}
    with pytest.raises(ConfigError, match="other settings; go back to those, or give another"):
        made.run()
    assert bench.requests == []


def test_a_row_tells_all_about_its_judgement(tmp_path: Path) -> None:
    made, _ = runner(tmp_path, lambda request: "Verdict: no")
    made.run()
    row = json.loads((tmp_path / "work" / "bench.jsonl").read_text().splitlines()[0])
    assert (row["quality"], row["verdict"], row["status"]) == (0.0, "no", "graded")
    assert (row["cost_usd"], row["calls"], row["seconds"]) == (0.001, 1, None)


def test_no_judges_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"runner\.judges is empty"):
        JudgeAgreementRunner(judges={}, work=str(tmp_path), out=str(tmp_path))
