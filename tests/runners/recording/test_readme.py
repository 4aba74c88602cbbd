"""The figures of a data card are made anew between its marks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gairp.errors import DataError
from gairp.runners.recording.readme import BEGIN, END, refresh
from tests.conftest import ROOT


def test_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    shutil.copy(ROOT / "datasets" / "local_llm" / "outcomes.parquet", tmp_path)
    (tmp_path / "README.md").write_text(f"# Card\n\n{BEGIN}\nold\n{END}\n\nEnd.\n")
    text = refresh(tmp_path)
    assert "| prompts answered by every arm | 1122 |" in text
    assert "old" not in text.partition(END)[0]
    assert text.endswith("\n\nEnd.\n")


def test_a_card_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Card\n")
    with pytest.raises(DataError, match="lacks the marks"):
        refresh(tmp_path)
