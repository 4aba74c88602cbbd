"""An answer that waits for its grade outlives the process, and no longer than it must."""

from __future__ import annotations

from pathlib import Path

from gairp.runners.live.spool import Spool


def test_what_was_kept_and_not_dropped_is_there_again(tmp_path: Path) -> None:
    first = Spool(tmp_path / "s.jsonl")
    first.keep("a", "eins\nzwei")
    first.keep("b", "ß🙂")
    first.drop("a")
    assert Spool(tmp_path / "s.jsonl").kept == {"b": "ß🙂"}


def test_a_torn_last_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    spool = Spool(path)
    spool.keep("a", "x")
    spool.keep("b", "y")
    whole = path.read_bytes()
    for cut in range(len(whole) - 1, len(whole) - 11, -1):
        path.write_bytes(whole[:cut])
        assert Spool(path).kept == {"a": "x"}


def test_an_empty_spool_leaves_no_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.jsonl")
    spool.keep("a", "x")
    spool.drop("a")
    spool.close()
    assert not spool.path.exists()


def test_a_spool_with_answers_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "s.jsonl")
    spool.keep("a", "x")
    spool.close()
    assert Spool(spool.path).kept == {"a": "x"}
