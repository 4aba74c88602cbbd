"""Rows survive; a torn one is redone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gairp.errors import ConfigError, DataError
from gairp.records.row_journal import Journal


def row(prompt: str, settings: str = "s") -> dict[str, object]:
    return {"prompt_id": prompt, "model": "m", "settings": settings}


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "work" / "journal.jsonl"
    with Journal(path) as journal:
        journal.append(row("a"))
        journal.append(row("b"))
    path.write_bytes(path.read_bytes()[:-5])
    with Journal(path) as journal:
        assert list(journal.rows) == [("a", "m")]
        journal.append(row("c"))
    with Journal(path) as journal:
        assert list(journal.rows) == [("a", "m"), ("c", "m")]


def test_a_broken_line_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("{broken\n")
    with pytest.raises(DataError, match="line 1: not JSON"):
        Journal(path)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.append(row("a"))
        assert journal.has("a", "m", "s")
        assert not journal.has("b", "m", "s")
        with pytest.raises(ConfigError, match="recorded with other settings"):
            journal.has("a", "m", "t")


def test_kill_minus_nine_loses_no_acknowledged_row(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    script = (
        "import sys, pathlib\n"
        "from gairp.records.row_journal import Journal\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "for i in range(10**6):\n"
        "    row = {'prompt_id': str(i), 'model': 'm', 'settings': 's', 'pad': 'x' * 5000}\n"
        "    journal.append(row)\n"
        "    print(i, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        while child.stdout.readline() != "20\n":
            pass
        child.kill()
        acknowledged = [20, *(int(line) for line in child.stdout if line.endswith("\n"))]
    with Journal(path) as journal:
        kept = len(journal.rows)
    assert acknowledged[-1] + 1 <= kept <= acknowledged[-1] + 2
