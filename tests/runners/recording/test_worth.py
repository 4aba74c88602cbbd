"""Worth of routing, on a table small enough to do by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from gairp.runners.recording.worth import worth


def test_worth_by_hand() -> None:
    # Family f: the cheap arm is right on p0, the dear one on p1; family g: both are right.
    table = pd.DataFrame(
        {
            "prompt_id": ["p0", "p0", "p1", "p1", "p2", "p2"],
            "category": ["f", "f", "f", "f", "g", "g"],
            "model": ["cheap", "dear"] * 3,
            "score": [1.0, 0.0, 0.0, 1.0, 1.0, 1.0],
            "cost_usd": [0.001, 0.002] * 3,
        }
    )
    found = worth(table, cost_weight=0.1)
    assert found.prompts == 3
    assert found.oracle_quality == 1.0
    assert found.oracle_cost_usd == pytest.approx(0.004 / 3, rel=1e-12)
    # Both arms are right two times of three, so no mix does better.
    assert found.mix_quality == pytest.approx(2 / 3, rel=1e-12)
    assert found.quality_gap == pytest.approx(1 / 3, rel=1e-12)
    assert found.best_arm == "cheap"
    # Oracle: 1 - 0.1 * 4/3; cheap: 2/3 - 0.1.
    assert found.utility_gap == pytest.approx(1 - 0.4 / 3 - (2 / 3 - 0.1), rel=1e-12)
    assert found.best_by_family == {"f": "cheap", "g": "cheap"}
    assert found.largest_share == 1.0
