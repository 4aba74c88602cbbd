"""The recording's YAML builds what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from gairp.backends.recipe import FewShot, Plain, Reason
from gairp.runners.recording.metered.runner import from_yaml

CONFIG = Path(__file__).resolve().parents[4] / "conf" / "experiment" / "record_local.yaml"


def test_record_local_instantiates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GAIRP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GAIRP_SMOLLM2_GGUF", "small.gguf")
    runner = from_yaml(str(CONFIG), ["runner.recorder.per_family=2"])
    recorder = runner.recorder
    assert {name: type(arm.recipe) for name, arm in recorder.arms.items()} == {
        "smollm2_plain": Plain,
        "smollm2_4shot": FewShot,
        "qwen_plain": Plain,
        "qwen_reason": Reason,
    }
    assert len(recorder.tasks()) == 34
    assert recorder.work == tmp_path / "record" / "local_llm"
    assert vars(recorder.models["smollm2"]())["path"] == Path("small.gguf")
    assert vars(recorder.models["qwen"]())["path"].parent == tmp_path / "models"
