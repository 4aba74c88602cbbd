"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_MIRROR = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def data_mirror() -> Path:
    """The folder of converted tables; skips, saying so, where there is none."""
    folder = Path(os.environ.get("GAIRP_DATA_MIRROR") or DEFAULT_MIRROR)
    if not (folder / "mmlu_pro" / "outcomes.parquet").exists():
        pytest.skip("no data mirror: set GAIRP_DATA_MIRROR to the folder of converted tables")
    return folder


@pytest.fixture(autouse=True)
def _no_ambient_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A test sees neither the user's cache nor the user's tracking server."""
    monkeypatch.setenv("GAIRP_DATA_DIR", str(tmp_path / "gairp-data"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
