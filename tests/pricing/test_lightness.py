"""Nothing heavy happens at import, and every configuration builds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

CONF = Path(__file__).resolve().parents[2] / "conf" / "prices"


def test_importing_pricing_loads_nothing_heavy() -> None:
    code = (
        "import sys, gairp.pricing; "
        "heavy = {'sklearn', 'pandas', 'onnxruntime', 'genai_prices', 'bpe_openai', 'yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(CONF.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_builds(path: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("models: {m: [{from: 2025-01-01, input: 1, output: 2}]}")
    prices = instantiate(OmegaConf.load(path), user_files=[str(mine)], as_of="2025-06-01")
    assert prices.price("m").output_usd_per_mtok == 2.0
