"""Nothing heavy happens at import."""

from __future__ import annotations

import subprocess
import sys


def test_importing_pricing_loads_nothing_heavy() -> None:
    code = (
        "import sys, gairp.pricing; "
        "heavy = {'sklearn', 'pandas', 'onnxruntime', 'genai_prices', 'bpe_openai', 'yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
