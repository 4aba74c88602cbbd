"""A chain that shows what was altered, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.admin import main
from gairp.errors import IntegrityError
from gairp.gateway.audit.chain import AuditFile, verify
from gairp.gateway.audit.feed import AuditFeed
from tests.gateway.ledger.test_feed import numbered, story


def written(path: Path) -> list[bytes]:
    feed = AuditFeed(path)
    feed.take(numbered(story(10)))
    feed.close()
    return path.read_bytes().splitlines(keepends=True)


def test_it_verifies_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = written(path)
    assert verify(path).lines == len(lines) == 11
    feed = AuditFeed(path)
    feed.take(numbered(story(10)))  # the same again
    feed.close()
    assert path.read_bytes() == b"".join(lines)
    assert b'"tenant":"acme"' in lines[1]


@pytest.mark.parametrize("what", ["altered", "removed", "added", "moved", "garbage"])
def test_the_first_wrong_line_is_named(tmp_path: Path, what: str) -> None:
    path = tmp_path / "audit.jsonl"
    lines = written(path)
    if what == "altered":
        lines[4] = lines[4].replace(b'"arm":"a"', b'"arm":"b"')
    elif what == "removed":
        del lines[4]
    elif what == "added":
        lines.insert(4, lines[2])
    elif what == "moved":
        lines[4], lines[5] = lines[5], lines[4]
    else:
        lines[4] = b"{}\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(IntegrityError, match="line 5:"):
        verify(path)


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    lines = written(path)
    path.write_bytes(b"".join(lines)[:-7])
    assert verify(path).lines == len(lines) - 1
    file = AuditFile(path)
    file.append([{"seq": 99}], 100)
    file.close()
    assert verify(path).lines == len(lines)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = written(tmp_path / "audit.jsonl")
    assert main(["audit", "--home", str(tmp_path)]) == 0
    assert f"{len(lines)} lines, unbroken" in capsys.readouterr().out
    (tmp_path / "audit.jsonl").write_bytes(b"".join(lines[1:]))
    assert main(["audit", "--home", str(tmp_path)]) == 1
    assert "line 1:" in capsys.readouterr().err
    assert main(["usage", "--home", str(tmp_path / "nowhere")]) == 2


def test_whose_call_it_was_is_known_after_a_restart(tmp_path: Path) -> None:
    path, events = tmp_path / "audit.jsonl", numbered(story(10))
    kinds = [type(event).__name__ for _, event in events]
    cut = kinds.index("Settled", 5) + 1  # the next ones were decided before the last line
    shuffled = [event for seq, event in events if kinds[seq] == "Decided"]
    shuffled += [event for seq, event in events if kinds[seq] == "Settled"]
    again = numbered(shuffled)
    first = AuditFeed(path)
    first.take(again[: len(again) - 3])
    first.close()
    second = AuditFeed(path)
    second.take(again[second.seq :])
    second.close()
    lines = path.read_bytes().splitlines()
    assert verify(path).lines == len(lines) == kinds.count("Settled") > cut
    assert all(b'"tenant":"acme"' in line or b'"tenant":"zen"' in line for line in lines)
