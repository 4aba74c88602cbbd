"""The notebooks run on a finished study, and define nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import ROOT, FinishedStudy
from tests.runners.evaluate.logs import World

pytestmark = pytest.mark.filterwarnings("ignore")

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def test_notebooks_are_found() -> None:
    assert "01_quickstart.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_and_holds_no_output(path: Path) -> None:
    for cell in read(path).cells:
        if cell.cell_type == "code":
            kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
            assert not kinds & {ast.FunctionDef, ast.ClassDef, ast.Lambda}
            assert cell.outputs == []


def executed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the cells of a notebook show, one after another."""
    book = run_book(name, tmp_path, monkeypatch)
    return [
        output.data for cell in book.cells for output in cell.get("outputs", ()) if "data" in output
    ]


def run_book(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A notebook with the outputs of its cells."""
    from nbclient import NotebookClient

    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "TMPDIR"):
        folder = tmp_path / variable.lower()
        folder.mkdir()
        monkeypatch.setenv(variable, str(folder))
    book = read(ROOT / "notebooks" / name)
    place = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(book, timeout=600, kernel_name="python3", resources=place).execute()
    return book


def test_off_policy_reads_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIRP_LOG", str(World().write(tmp_path / "log")))
    shown = executed("03_off_policy.ipynb", tmp_path, monkeypatch)
    texts = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert texts[0] == "**promote: linucb against logged; shown: gain in quality above 0**"
    assert "| dr | 0.8" in texts[1]
    assert sum("image/png" in data for data in shown) == 3


def test_drift_replays_a_regression_and_reads_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = executed("02_drift.ipynb", tmp_path, monkeypatch)
    texts = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert "two_memories: no verdict on 2 seed(s)" in texts[0]
    worth = dict(re.findall(r"\| (\w+) \| 0\.\d+ [^|]*\| [^|]*\| (0\.\d+) ", texts[0]))
    assert float(worth["two_memories"]) > float(worth["discounted_linucb"])
    tables = [data["text/plain"] for data in shown if "text/html" in data]
    assert "adaptation_requests" in tables[0]
    assert tables[1].count("moderate") == 3
    assert sum("image/png" in data for data in shown) == 2


def test_the_loop_goes_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIRP_COUNT", "800")
    book = run_book("04_loop.ipynb", tmp_path, monkeypatch)
    said = "".join(
        output.text for cell in book.cells for output in cell.get("outputs", ()) if "text" in output
    )
    assert "identical, bit for bit: 800 decisions of 2 learners" in said
    assert "champion of router now is version 2, from version 1" in said
    assert re.search(r"identical, bit for bit: [\d,]+ decisions of 3 learners", said)
    shown = [o.data for cell in book.cells for o in cell.get("outputs", ()) if "data" in o]
    texts = [data.get("text/markdown") or data["text/plain"] for data in shown]
    assert any(re.match(r"\*\*(promote|not enough data): linucb against logged", t) for t in texts)
    assert any(re.search(r"\| snips \| 0\.\d+ ", text) for text in texts)
    assert any(re.search(r"effective sample size \| \d+ of 560", text) for text in texts)
    statuses = next(text for text in texts if text.startswith("Counter({200"))
    assert statuses.count(":") == 1, statuses  # nothing but 200
    versions = next(text for text in texts if text.startswith("Counter({'auto"))
    assert "'auto@1': " in versions
    assert "'auto@2': " in versions
    before, after = re.findall(r"0\.\d{3}", next(t for t in texts if t.startswith("quality of a")))
    assert float(after) > float(before)


def test_the_quickstart_reads_a_finished_run(
    finished_study: FinishedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", finished_study.uri)
    monkeypatch.setenv("GAIRP_RUN", finished_study.run_id)
    shown = executed("01_quickstart.ipynb", tmp_path, monkeypatch)
    texts = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert texts[0].startswith("**boltzmann against the best fixed mix at equal cost:")
    assert texts[1].startswith("- linucb against the best fixed mix at equal cost:")
    assert any("| boltzmann (primary) |" in text for text in texts)
    assert sum("image/png" in data for data in shown) == 3
