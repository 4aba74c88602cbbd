"""A model that changed behind its name is found; one that did not is left in peace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gairp.backends.fake import FakeServer
from gairp.errors import UnknownNameError
from gairp.runners.recording.drift import DriftRule, drift
from gairp.runners.recording.refresh import RefreshRunner
from gairp.runners.recording.runner import RecordingRunner
from tests.runners.recording.conftest import COUNT

Settings = Callable[..., dict[str, Any]]
THEN: dict[str, Any] = {
    "models": {"good": {"answer": {"text": "right"}}, "other": {"answer": {"text": "left"}}}
}
NOW: dict[str, Any] = {
    "models": {
        "good": {"answer": {"text": "left"}, "answers_as": "good-2"},
        "other": {"answer": {"text": "left"}},
    }
}


@pytest.fixture
def trace(settings: Settings, questions: Path, tmp_path: Path) -> Path:
    with FakeServer(THEN).in_thread() as server:
        plain = settings(
            "record", server.base_url, "trace.dataset=null", f"trace.prompts={questions}"
        )
        return RecordingRunner(plain, out=tmp_path / "record").run()


def refresh(
    settings: Settings, trace: Path, tmp_path: Path, program: Any, *more: str
) -> tuple[RefreshRunner, int, int]:
    with FakeServer(program).in_thread() as server:
        plain = settings(
            "refresh", server.base_url, "trace.dataset=null",
            f"trace.path={trace}/outcomes.parquet", f"trace.prompts={trace}/prompts.parquet", *more,
        )  # fmt: skip
        runner = RefreshRunner(plain, out=tmp_path / "refresh")
        code = 0
        try:
            runner.run()
        except SystemExit as end:
            code = int(end.code or 0)
        return runner, code, len(server.ledger.calls())


def test_a_change_is_found_and_the_arm_left_alone(
    settings: Settings, trace: Path, tmp_path: Path
) -> None:
    _, code, calls = refresh(settings, trace, tmp_path, NOW, "live.pacing.users=1")
    assert code == 3
    assert 0 < calls < 2 * (COUNT - 1)  # the changed arm was not asked to the end
    table = pd.read_csv(tmp_path / "refresh" / "report" / "drift.csv").set_index("arm")
    assert table["verdict"].to_dict() == {"good": "drifted", "other": "no drift seen"}
    assert table.loc["good", "answered by"] == "good-2"
    assert table.loc["good", "mean change"] == -1.0
    assert int(str(table.loc["good", "after"])) <= 12
    assert (tmp_path / "refresh" / "report" / "evidence.png").stat().st_size > 10_000


def test_the_same_model_has_not_drifted(settings: Settings, trace: Path, tmp_path: Path) -> None:
    _, code, calls = refresh(settings, trace, tmp_path, THEN)
    assert code == 0
    # One of each group of near-duplicates, and both arms of it.
    assert 0 < calls <= 2 * (COUNT - 1)
    table = pd.read_csv(tmp_path / "refresh" / "report" / "drift.csv")
    assert "drifted" not in set(table["verdict"])
    _, code, calls = refresh(settings, trace, tmp_path, THEN)
    assert (code, calls) == (0, 0)  # nothing is asked twice


def test_an_arm_that_was_not_recorded_is_refused(
    settings: Settings, trace: Path, tmp_path: Path
) -> None:
    with FakeServer(THEN).in_thread() as server:
        plain = settings(
            "refresh", server.base_url, "trace.dataset=null",
            f"trace.path={trace}/outcomes.parquet", f"trace.prompts={trace}/prompts.parquet",
        )  # fmt: skip
        plain["live"]["arms"]["new"] = plain["live"]["arms"]["good"]
        with pytest.raises(UnknownNameError, match="recorded arm 'new'"):
            RefreshRunner(plain, out=tmp_path / "refresh").run()


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Equal models, watched after every one of 300 prompts, four arms: at most alpha of streams."""
    rng = np.random.default_rng(5)
    rule = DriftRule(alpha=0.05)
    alarms = 0
    for _ in range(300):
        then = rng.random((4, 300)) < 0.7
        now = rng.random((4, 300)) < 0.7
        steps = now.astype(float) - then
        alarms += any(drift("a", row.tolist(), rule, 4).crossing is not None for row in steps)
    assert alarms <= 300 * 0.05


def test_a_real_change_is_found_soon() -> None:
    """From 0.7 to 0.5 right: within 300 prompts in nine of ten streams."""
    rng = np.random.default_rng(6)
    found = []
    for _ in range(100):
        steps = (rng.random(300) < 0.5).astype(float) - (rng.random(300) < 0.7)
        found.append(drift("a", steps.tolist(), DriftRule(), 2))
    assert sum(one.crossing is not None for one in found) >= 90
    covered = [low <= -0.2 <= high for _, low, high in (one.change() for one in found)]
    assert sum(covered) >= 97
