"""The notebooks run on a finished study, and define nothing."""

from __future__ import annotations

import ast
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
    from nbclient import NotebookClient

    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "TMPDIR"):
        folder = tmp_path / variable.lower()
        folder.mkdir()
        monkeypatch.setenv(variable, str(folder))
    book = read(ROOT / "notebooks" / name)
    place = {"metadata": {"path": str(ROOT / "notebooks")}}
    NotebookClient(book, timeout=600, kernel_name="python3", resources=place).execute()
    return [
        output.data for cell in book.cells for output in cell.get("outputs", ()) if "data" in output
    ]


def test_off_policy_reads_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAIRP_LOG", str(World().write(tmp_path / "log")))
    shown = executed("03_off_policy.ipynb", tmp_path, monkeypatch)
    texts = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert texts[0] == "**promote: linucb against logged; shown: gain in quality above 0**"
    assert "| dr | 0.8" in texts[1]
    assert sum("image/png" in data for data in shown) == 3


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
