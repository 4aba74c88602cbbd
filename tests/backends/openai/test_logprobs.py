"""What the log-probabilities of an answer say."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gairp.backends.openai.logprobs import Logprobs


def token(logprob: float, **candidates: float) -> dict[str, Any]:
    top = [{"token": name, "logprob": value} for name, value in candidates.items()]
    return {"token": "x", "logprob": logprob, "top_logprobs": top}


def test_mean_and_least_over_all_pieces() -> None:
    found = Logprobs()
    found.feed([token(-0.5)])
    found.feed([-1.5, {"logprob": -1.0}])
    assert found.signals() == {"logprob_mean": -1.0, "logprob_min": -1.5}
    assert Logprobs().signals() == {}


def test_a_first_yes_counts_in_every_spelling() -> None:
    found = Logprobs()
    found.feed([token(-1.0, **{"Yes": -1.0, " yes": -1.0, "No.": -1.0, "The": -0.1})])
    found.feed([token(-1.0, No=0.0)])  # of the second token nothing is asked
    assert found.signals()["p_yes"] == pytest.approx(2 / 3, rel=1e-12)
    assert math.exp(-1.0) < found.signals()["p_yes"]


def test_neither_yes_nor_no_is_unknown() -> None:
    found = Logprobs()
    found.feed([token(-1.0, The=-0.1)])
    assert "p_yes" not in found.signals()
