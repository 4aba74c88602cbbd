from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gairp import data
from gairp.traces.registry import catalogue

VALUES = {
    "title": "Tiny",
    "kind": "prices",
    "about": "Two rows.",
    "licence": "CC0-1.0",
    "citation": "nobody",
    "caveats": ["Made up for a test."],
    "sources": [
        {
            "repository": "someone/tiny",
            "commit": "0" * 40,
            "date": "2024-01-01",
            "files": [{"path": "a.csv"}],
        }
    ],
    "tables": {"rows": {"file": "rows.csv", "shape": [2, 2]}},
    "mirror": "tiny",
}


@pytest.fixture(autouse=True)
def _no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GAIRP_DATA_MIRROR", "GAIRP_DATA_HOST"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A registry of one dataset, `tiny`, which only its mirror has."""
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(VALUES), encoding="utf-8")
    monkeypatch.setattr(catalogue, "_files", lambda: {"tiny": tmp_path / "tiny.yaml"})
    catalogue.spec.cache_clear()
    folder = tmp_path / "mirror"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "rows.csv").write_text("a,b\n1,2\n3,4\n")
    monkeypatch.setenv("GAIRP_DATA_MIRROR", str(folder))
    yield folder
    catalogue.spec.cache_clear()


def test_list_has_one_line_a_dataset(capsys: pytest.CaptureFixture[str]) -> None:
    assert data.main(["list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["name", "what", "size", "licence", "where"]
    rows = {line[0]: line[1:] for line in lines[1:]}
    assert list(rows) == list(catalogue.names())
    expected = ["outcomes", "12,032", "prompts", "×", "29", "Apache-2.0", "absent"]
    assert rows["mmlu_pro"] == expected


def test_list_says_where_the_tables_are(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data.main(["list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-1] == "mirror"
    assert data.main(["fetch", "tiny"]) == 0
    capsys.readouterr()
    assert data.main(["list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-1] == "cache"


def test_describe_names_source_licence_hashes_and_caveats(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert data.main(["describe", "azure_llm_2023"]) == 0
    text = capsys.readouterr().out
    assert "licence    CC-BY-4.0" in text
    assert (
        "https://raw.githubusercontent.com/Azure/AzurePublicDataset/"
        "b469a113cedca53ddc3bdea71a143dc4b7d8700c/data/AzureLLMInferenceTrace_code.csv" in text
    )
    assert "hashes registered for 2 of 2 files" in text
    assert "code: code.csv.gz, 8,819 × 3, sha256 " in text
    assert "- Neither text, model name nor latency." in text


def test_describe_says_which_file_has_no_hash(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data.main(["describe", "tiny"]) == 0
    text = capsys.readouterr().out
    assert "a.csv: no hash known: recorded on first fetch (trust on first use)" in text
    assert "rows: rows.csv, 2 × 2, no hash registered" in text


def test_fetch_prints_the_files(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert data.main(["fetch", "tiny"]) == 0
    printed = capsys.readouterr()
    key, file = printed.out.split()
    assert key == "rows"
    assert Path(file).read_text() == "a,b\n1,2\n3,4\n"
    assert f"tables copied from the mirror {mirror / 'tiny'}" in printed.err


def test_verify_tells_each_file_and_fails_with_one(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = mirror / "tiny" / "rows.csv"
    assert data.main(["verify", "tiny"]) == 0
    assert f"ok     mirror  {file}  2 × 2" in capsys.readouterr().out
    file.write_text("a,b\n1,2\n")
    assert data.main(["verify", "tiny"]) == 1
    text = capsys.readouterr().out
    assert f"FAILED mirror  {file}  shape is (1, 2), registered is (2, 2)" in text
    assert text.endswith("tiny: 1 checks, 1 failed\n")


@pytest.mark.parametrize("command", ["describe", "fetch", "verify"])
def test_an_unknown_name_lists_the_names(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert data.main([command, "mmlu"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error: unknown dataset 'mmlu'; there are: azure_llm_2023, " in printed.err


def test_absent_data_exit_with_2_and_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert data.main(["verify", "mmlu_pro"]) == 2
    assert "run: python -m gairp.data fetch mmlu_pro" in capsys.readouterr().err


def test_an_interrupted_fetch_says_that_it_continues(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gairp.traces.registry.fetch", interrupted)
    assert data.main(["fetch", "mmlu_pro"]) == 130
    assert "it continues where it stopped" in capsys.readouterr().err


def test_the_module_runs_without_traceback_and_stays_light() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "gairp.data", "describe", "nothing"]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert "error: unknown dataset 'nothing'" in run.stderr
    imported = set(re.findall(r"\| +(\S+)$", run.stderr, flags=re.MULTILINE))
    assert "gairp.traces.registry" in imported
    assert not imported & {"pandas", "pyarrow", "requests", "mlflow", "hydra"}
