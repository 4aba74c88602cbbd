"""What two recordings of the same pairs have in common."""

from __future__ import annotations

import pandas as pd
import pytest

from gairp.errors import DataError
from gairp.runners.recording.likeness import likeness


def recording(*rows: tuple[str, str, str, float, int, float]) -> pd.DataFrame:
    names = ["prompt_id", "model", "response", "score", "input_tokens", "compute_s"]
    return pd.DataFrame(list(rows), columns=names).astype({"model": "category"})


OLD = recording(
    ("p", "a", "4", 1.0, 9, 1.0), ("q", "a", "5", 0.0, 9, 3.0), ("p", "b", "4", 1.0, 9, 0.5)
)


def test_shared_pairs_are_counted_by_arm() -> None:
    new = recording(("p", "a", "4", 1.0, 9, 3.0), ("q", "a", "4", 0.0, 8, 5.0))
    assert likeness(new, OLD).lines == (("a", "2", "1", "2", "1", "—", "2.00"),)
    old, new = OLD.assign(agreement=[0.0, 1.0, 0.0]), new.assign(agreement=[1.0, 0.5])
    assert likeness(new, old).lines[0][5] == "+0.25"


def test_without_a_meter_there_is_no_ratio() -> None:
    new = recording(("p", "b", "3", 0.0, 9, 1.0)).drop(columns="compute_s")
    assert likeness(new, OLD).lines == (("b", "1", "0", "0", "1", "—", "—"),)


def test_nothing_shared_is_refused() -> None:
    with pytest.raises(DataError, match="no prompt and arm in common"):
        likeness(recording(("z", "a", "4", 1.0, 9, 3.0)), OLD)
