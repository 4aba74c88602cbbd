"""What operations.md tells people to watch and to run is there."""

from __future__ import annotations

import re

import yaml

from gairp.gateway.metrics import COUNTERS, GAUGES, HISTOGRAMS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SETTINGS = yaml.safe_load((ROOT / "conf" / "serving" / "base.yaml").read_text(encoding="utf-8"))


def test_metrics_exist() -> None:
    known = {f"{name}_total" for name in COUNTERS} | set(GAUGES)
    known |= {f"{name}_bucket" for name in HISTOGRAMS}
    told = set(re.findall(r"\bgairp_\w+", PAGE))
    assert len(told) > 5
    assert told <= known, told - known


def test_settings_exist_and_the_limit_told_is_the_default() -> None:
    for name in ("drain_s", "durability", "limits", "ledger", "in_flight"):
        assert f"`{name}" in PAGE
        assert name in SETTINGS
    assert f"`in_flight` ({SETTINGS['in_flight']:,})" in PAGE
