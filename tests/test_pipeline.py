"""dvc.yaml: its commands start what exists, and every dependency is there or is made."""

from __future__ import annotations

import importlib.util
import shlex
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

STAGES: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def commands(stage: str) -> list[list[str]]:
    """The words of every command of a stage."""
    given = STAGES[stage]["cmd"]
    return [shlex.split(command) for command in ([given] if isinstance(given, str) else given)]


def outs(stage: str) -> dict[str, dict[str, bool]]:
    """Path -> settings of everything that a stage makes."""
    return {path: settings for out in STAGES[stage]["outs"] for path, settings in out.items()}


@pytest.mark.parametrize("stage", STAGES)
def test_commands_start_modules_that_exist(stage: str) -> None:
    started = [words for words in commands(stage) if words[0] != "mkdir"]
    assert started
    for words in started:
        assert words[:2] == ["python", "-m"]
        assert importlib.util.find_spec(words[2]) is not None


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_there_or_made_by_another_stage(stage: str) -> None:
    made = {path for other in STAGES if other != stage for path in outs(other)}
    missing = {path for path in STAGES[stage]["deps"] if not (ROOT / path).exists()}
    assert missing <= made


def test_replay_follows_prepare_and_report_follows_replay() -> None:
    assert set(outs("prepare")) & set(STAGES["replay"]["deps"])
    assert set(outs("replay")) & set(STAGES["report"]["deps"])


def test_nothing_is_cached_and_the_recording_is_frozen_and_kept() -> None:
    assert all(out["cache"] is False for stage in STAGES for out in outs(stage).values())
    assert [stage for stage in STAGES if STAGES[stage].get("frozen")] == ["record"]
    assert all(out["persist"] for out in outs("record").values())
    assert set(outs("record")) <= set(STAGES["prepare"]["deps"])


def test_the_pipeline_has_a_store_of_its_own() -> None:
    (replay,), (report,) = commands("replay"), commands("report")
    uri = next(word.partition("=")[2] for word in replay if word.startswith("tracking.uri="))
    assert report[report.index("--tracking-uri") + 1] == uri
    assert "+experiment=quickstart" in replay
    assert report[3] == "quickstart"
