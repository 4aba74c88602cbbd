from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gairp.errors import DatasetAbsentError
from gairp.traces import registry
from gairp.traces.registry import folders


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_every_file_is_checked(tiny: dict[str, Any], server: Any, cache: Path) -> None:
    registry.fetch("tiny", cache=cache, host=server.url)
    checks = registry.verify("tiny", cache)
    assert [(check.file.name, check.ok) for check in checks] == [
        ("AzureLLMInferenceTrace_code.csv", True),
        ("AzureLLMInferenceTrace_conv.csv", True),
        ("code.csv.gz", True),
        ("conv.csv.gz", True),
    ]
    assert [check.note for check in checks[2:]] == ["2 × 3", "1 × 3"]


def test_a_changed_original_a_changed_table_and_a_lost_one_fail(
    tiny: dict[str, Any], server: Any, cache: Path
) -> None:
    files = registry.fetch("tiny", cache=cache, host=server.url)
    original = cache / "tiny" / "original" / "data" / "AzureLLMInferenceTrace_conv.csv"
    original.write_bytes(original.read_bytes().replace(b"70", b"71"))
    files["code"].write_bytes(b"x")
    files["conv"].unlink()
    failed = {
        check.file.name: check.note for check in registry.verify("tiny", cache) if not check.ok
    }
    assert set(failed) == {"AzureLLMInferenceTrace_conv.csv", "code.csv.gz", "conv.csv.gz"}
    assert "registered is" in failed["AzureLLMInferenceTrace_conv.csv"]
    assert "sha256 is" in failed["code.csv.gz"]
    assert failed["conv.csv.gz"] == "the file is absent"


def test_a_table_of_another_shape_fails(
    tiny: dict[str, Any], server: Any, cache: Path, register: Any
) -> None:
    tiny["tables"]["code"]["shape"] = [5, 3]
    register(tiny)
    registry.fetch("tiny", cache=cache, host=server.url)
    failed = [check.note for check in registry.verify("tiny", cache) if not check.ok]
    assert failed == ["shape is (2, 3), registered is (5, 3)"]


def test_a_fetch_that_did_not_finish_is_told(
    tiny: dict[str, Any], server: Any, cache: Path
) -> None:
    registry.fetch("tiny", cache=cache, host=server.url)
    (cache / "tiny" / "manifest.json").unlink()
    assert registry.whereabouts("tiny", cache) == "absent"
    failed = [check.note for check in registry.verify("tiny", cache) if not check.ok]
    assert len(failed) == 1
    assert "did not finish" in failed[0]


def test_nothing_here_is_absent_not_well(tiny: dict[str, Any], cache: Path) -> None:
    with pytest.raises(DatasetAbsentError):
        registry.verify("tiny", cache)


def test_an_embedded_dataset_without_hashes_passes_with_a_note(
    tiny: dict[str, Any], register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("sources", "converter", "mirror"):
        del tiny[key]
    tiny["embedded"] = "datasets/tiny"
    tiny["tables"] = {"outcomes": {"file": "outcomes.csv"}}
    register(tiny)
    monkeypatch.setattr(folders, "CHECKOUT", tmp_path)
    with pytest.raises(DatasetAbsentError, match="part of a checkout"):
        registry.locate("tiny")
    folder = tmp_path / "datasets" / "tiny"
    folder.mkdir(parents=True)
    (folder / "outcomes.csv").write_text("a,b\n1,2\n")
    assert registry.locate("tiny") == {"outcomes": folder / "outcomes.csv"}
    assert registry.fetch("tiny") == {"outcomes": folder / "outcomes.csv"}
    (check,) = registry.verify("tiny")
    assert check.ok
    assert check.place == "checkout"
    assert check.note.startswith("1 × 2; no hash registered, sha256 is ")


@pytest.mark.parametrize("name", [n for n in registry.names() if n != "local_llm"])
def test_the_mirror_is_what_was_registered(name: str, data_mirror: Path, cache: Path) -> None:
    checks = registry.verify(name, cache, data_mirror)
    assert [check for check in checks if not check.ok] == []
    assert len(checks) == len(registry.spec(name).tables)
    assert set(registry.locate(name, cache, data_mirror)) == set(registry.spec(name).tables)
