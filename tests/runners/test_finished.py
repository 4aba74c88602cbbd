"""Finished work is read and not done again, and is whole or absent."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from gairp.runners.finished import finished
from gairp.types import Floats


class Found(NamedTuple):
    values: Floats
    share: float
    settings: str


def test_what_is_finished_is_read_and_not_run(tmp_path: Path) -> None:
    def run() -> Found:
        ran.append(1)
        return Found(np.array([[1.0, 2.0]]), 0.25, "{}")

    ran: list[int] = []
    first, again = (finished(Found, tmp_path / "new" / "a.npz", run) for _ in range(2))
    assert ran == [1]
    for found in (first, again):
        assert found.values.tolist() == [[1.0, 2.0]]
        assert (found.share, found.settings) == (0.25, "{}")
        assert isinstance(found.share, float)
        assert isinstance(found.settings, str)


def test_what_failed_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> Found:
        raise KeyboardInterrupt

    file = tmp_path / "a.npz"
    with pytest.raises(KeyboardInterrupt):
        finished(Found, file, fail)
    assert not file.exists()
    assert finished(Found, file, lambda: Found(np.zeros(2), 0.0, "")).values.tolist() == [0.0, 0.0]
