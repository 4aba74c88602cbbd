from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gairp.errors import DataError, DatasetAbsentError, IntegrityError
from gairp.traces import registry
from gairp.traces.registry.download import Downloader, OfflineError
from gairp.traces.registry.progress import Progress

CODE = "data/AzureLLMInferenceTrace_code.csv"
NOWHERE = "http://127.0.0.1:9"


class Notes(Progress):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def mirror(tiny: dict[str, Any], server: Any, tmp_path: Path, register: Any) -> Path:
    """A mirror of `tiny`, its hashes registered."""
    files = registry.fetch("tiny", cache=tmp_path / "other", host=server.url)
    folder = tmp_path / "mirror" / "tiny"
    folder.mkdir(parents=True)
    for key, file in files.items():
        shutil.copy(file, folder)
        tiny["tables"][key]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    register(tiny)
    server.requests.clear()
    return folder.parent


def impatient() -> Downloader:
    return Downloader(attempts=1)


def test_fetch_downloads_verifies_and_converts(
    tiny: dict[str, Any], server: Any, cache: Path
) -> None:
    files = registry.fetch("tiny", cache=cache, host=server.url)
    assert files == registry.locate("tiny", cache=cache)
    assert files["code"] == cache / "tiny" / "tables" / "code.csv.gz"
    table = pd.read_csv(files["code"])
    assert table.to_dict("list") == {
        "t_s": [0.0, 1.25],
        "input_tokens": [100, 300],
        "output_tokens": [1, 3],
    }
    assert registry.whereabouts("tiny", cache) == "cache"
    assert {file.name for file in (cache / "tiny").iterdir()} == {
        ".lock",
        "original",
        "tables",
        "manifest.json",
    }


def test_a_second_fetch_does_nothing(tiny: dict[str, Any], server: Any, cache: Path) -> None:
    registry.fetch("tiny", cache=cache, host=server.url)
    server.requests.clear()
    notes = Notes()
    registry.fetch("tiny", cache=cache, host=NOWHERE, progress=notes)
    assert server.requests == []
    assert notes.notes == [f"tiny is in the cache already: {cache / 'tiny' / 'tables'}"]


def test_force_converts_again_without_downloading(
    tiny: dict[str, Any], server: Any, cache: Path
) -> None:
    first = registry.fetch("tiny", cache=cache, host=server.url)
    before = first["code"].read_bytes()
    server.requests.clear()
    registry.fetch("tiny", cache=cache, host=server.url, force=True)
    assert server.requests == []
    assert first["code"].read_bytes() == before


def test_only_what_is_absent_is_downloaded(tiny: dict[str, Any], server: Any, cache: Path) -> None:
    server.statuses = []
    good = server.files.pop(next(path for path in server.files if "conv" in path))
    with pytest.raises(DataError, match="404"):
        registry.fetch("tiny", cache=cache, host=server.url)
    assert registry.whereabouts("tiny", cache) == "absent"
    path = next(iter(server.files)).replace("code", "conv")
    server.files[path] = good
    server.requests.clear()
    registry.fetch("tiny", cache=cache, host=server.url)
    assert server.requests == [(path, None)]


def test_a_damaged_table_is_refused_and_made_anew(
    tiny: dict[str, Any], server: Any, cache: Path
) -> None:
    files = registry.fetch("tiny", cache=cache, host=server.url)
    good = files["code"].read_bytes()
    files["code"].write_bytes(good + b"x")
    with pytest.raises(IntegrityError, match=r"code.csv.gz: sha256 is .*fetch tiny --force"):
        registry.locate("tiny", cache=cache)
    registry.fetch("tiny", cache=cache, host=server.url)
    assert files["code"].read_bytes() == good


def test_a_changed_source_makes_old_tables_unused(
    tiny: dict[str, Any], server: Any, cache: Path, register: Any
) -> None:
    registry.fetch("tiny", cache=cache, host=server.url)
    tiny["sources"][0]["commit"] = "f" * 40
    register(tiny)
    assert registry.whereabouts("tiny", cache) == "absent"
    failed = [check for check in registry.verify("tiny", cache) if not check.ok]
    assert [check.file.name for check in failed] == ["manifest.json"]
    assert "another version" in failed[0].note


def test_absent_data_name_the_command_and_the_variable(tiny: dict[str, Any], cache: Path) -> None:
    with pytest.raises(DatasetAbsentError) as info:
        registry.locate("tiny", cache=cache)
    message = str(info.value)
    assert "run: python -m gairp.data fetch tiny" in message
    assert "GAIRP_DATA_MIRROR is not set" in message
    assert str(cache) in message


def test_without_network_fetch_copies_from_the_mirror(mirror: Path, cache: Path) -> None:
    notes = Notes()
    files = registry.fetch(
        "tiny",
        cache=cache,
        mirror=mirror,
        host=NOWHERE,
        progress=notes,
        downloader=Downloader(attempts=1, progress=notes),
    )
    assert files["conv"].read_bytes() == (mirror / "tiny" / "conv.csv.gz").read_bytes()
    assert files["conv"].is_relative_to(cache)
    assert notes.notes[0].startswith("no download: ")
    assert "copied from the mirror" in notes.notes[1]


def test_without_network_and_mirror_fetch_says_both_remedies(
    tiny: dict[str, Any], cache: Path
) -> None:
    with pytest.raises(OfflineError, match=r"check the network.*GAIRP_DATA_MIRROR"):
        registry.fetch("tiny", cache=cache, host=NOWHERE, downloader=impatient())
    assert registry.whereabouts("tiny", cache) == "absent"


def test_from_mirror_asks_no_host_and_from_source_replaces_the_copy(
    mirror: Path, cache: Path, server: Any
) -> None:
    registry.fetch("tiny", cache=cache, mirror=mirror, origin="mirror", host=server.url)
    assert server.requests == []
    registry.fetch("tiny", cache=cache, mirror=mirror, origin="source", host=server.url)
    assert len(server.requests) == 2
    assert json.loads((cache / "tiny" / "manifest.json").read_text())["origin"] == "source"


def test_locate_reads_the_mirror_where_the_cache_is_empty(mirror: Path, cache: Path) -> None:
    files = registry.locate("tiny", cache=cache, mirror=mirror)
    assert files["code"] == mirror / "tiny" / "code.csv.gz"
    assert registry.whereabouts("tiny", cache, mirror) == "mirror"


def test_the_mirror_variable_is_read(
    mirror: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAIRP_DATA_MIRROR", str(mirror))
    assert registry.locate("tiny", cache)["code"].is_relative_to(mirror)


def test_a_damaged_mirror_is_refused(mirror: Path, cache: Path) -> None:
    (mirror / "tiny" / "code.csv.gz").write_bytes(b"other")
    with pytest.raises(IntegrityError, match="damaged or of another version"):
        registry.locate("tiny", cache=cache, mirror=mirror)
    with pytest.raises(IntegrityError, match="damaged or of another version"):
        registry.fetch("tiny", cache=cache, mirror=mirror, origin="mirror")
    assert not (cache / "tiny" / "tables").exists()


def test_an_incomplete_mirror_names_the_file(mirror: Path, cache: Path) -> None:
    (mirror / "tiny" / "code.csv.gz").unlink()
    with pytest.raises(DatasetAbsentError, match=r"lacks code.csv.gz"):
        registry.fetch("tiny", cache=cache, mirror=mirror, origin="mirror")


def test_without_converter_fetch_says_what_is_missing(
    tiny: dict[str, Any], register: Any, cache: Path
) -> None:
    del tiny["converter"]
    register(tiny)
    with pytest.raises(DatasetAbsentError, match=r"no converter .*holds tiny/ with code.csv.gz"):
        registry.fetch("tiny", cache=cache)
    with pytest.raises(DatasetAbsentError) as info:
        registry.locate("tiny", cache=cache)
    assert "gairp.data fetch" not in str(info.value)


def test_without_a_hash_the_first_fetch_is_trusted_and_later_ones_compared(
    tiny: dict[str, Any], register: Any, server: Any, cache: Path
) -> None:
    for file in tiny["sources"][0]["files"]:
        del file["blob"]
        del file["bytes"]
    register(tiny)
    notes = Notes()
    registry.fetch(
        "tiny", cache=cache, host=server.url, downloader=Downloader(progress=notes), progress=notes
    )
    assert notes.notes[0] == f"{CODE}: no hash known, recorded on this first fetch"

    original = cache / "tiny" / "original" / CODE
    original.unlink()
    path = next(path for path in server.files if "code" in path)
    server.files[path] += b"2023-11-16 19:00:00.0000000,1,1\n"
    with pytest.raises(IntegrityError, match="sha256"):
        registry.fetch("tiny", cache=cache, host=server.url, force=True)
    assert not original.exists()


def test_a_failed_conversion_keeps_the_tables_that_were_there(
    tiny: dict[str, Any], server: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = registry.fetch("tiny", cache=cache, host=server.url)
    before = files["code"].read_bytes()
    monkeypatch.setattr(
        "gairp.traces.converters.azure_llm_2023.convert", lambda folder: {"code": pd.DataFrame()}
    )
    with pytest.raises(DataError, match=r"made no table \['conv'\]"):
        registry.fetch("tiny", cache=cache, host=server.url, force=True)
    assert registry.locate("tiny", cache)["code"].read_bytes() == before
    assert not (cache / "tiny" / "tables.part").exists()
