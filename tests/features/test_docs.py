"""The examples of docs/features.md run as they stand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.features.corpus import sentences

DOCS = Path(__file__).resolve().parents[2] / "docs" / "features.md"


def examples() -> list[str]:
    blocks = DOCS.read_text(encoding="utf-8").split("```python\n")[1:]
    return [block.split("```")[0] for block in blocks]


def test_the_builder_of_the_first_example_works(tmp_path: Path) -> None:
    names: dict[str, Any] = {"train_texts": sentences(90), "texts": sentences(9, seed=2)}
    exec(examples()[0].replace(".gairp/features", str(tmp_path)), names)
    assert names["x"].shape == (9, names["builder"].dim)
    assert not names["x"].flags.writeable


def test_the_builder_of_ones_own_keeps_the_contract() -> None:
    names: dict[str, Any] = {}
    exec(examples()[1], names)
    builder = names["ExclamationMarks"]().fit(["a"])
    assert np.array_equal(builder.transform(["a!", "", "!!"]), [[1.0], [0.0], [2.0]])
    assert builder.fingerprint().startswith("exclamation_marks-")
