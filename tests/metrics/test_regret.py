"""Utility, choices in hindsight and regret."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gairp.metrics.regret import (
    best_fixed_utility,
    cumulative_regret,
    oracle_utility,
    utility,
)
from gairp.metrics.selection import best_fixed, cheapest, oracle_choice, take

NAN = float("nan")
QUALITY = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.5, 0.2, 0.5]])
COST = np.array([[0.1, 0.3, 0.2], [0.1, 0.3, 0.2], [0.4, 0.3, 0.4]])


def test_utility_charges_each_term_and_may_lack_the_others() -> None:
    assert float(utility(0.9, 0.2, 1.5, cost_weight=2.0, latency_weight=0.1)) == pytest.approx(0.35)
    assert float(utility(0.9, None, 1.5, latency_weight=0.1)) == pytest.approx(0.75)
    assert float(utility(0.9, NAN)) == pytest.approx(0.9)
    assert np.isnan(utility(0.9, NAN, cost_weight=1.0))
    with pytest.raises(ValueError, match="there is no cost; give it"):
        utility(0.9, cost_weight=1.0)


def test_oracle_takes_the_cheapest_among_the_best_then_the_first() -> None:
    assert oracle_choice(QUALITY, COST).tolist() == [0, 2, 0]
    assert oracle_choice(QUALITY).tolist() == [0, 1, 0]


def test_oracle_never_takes_what_was_not_recorded() -> None:
    table = np.array([[NAN, 0.3, 0.2], [0.4, 0.4, NAN]])
    assert oracle_choice(table, [[0.0, 1.0, 1.0], [NAN, 0.5, 0.1]]).tolist() == [1, 1]
    with pytest.raises(ValueError, match="row 1 is all NaN"):
        oracle_choice([[0.1, 0.2], [NAN, NAN]])


def test_best_fixed_and_cheapest_break_ties_by_each_other() -> None:
    assert best_fixed(QUALITY) == 1
    assert best_fixed([[0.5, 0.5], [0.5, 0.5]], [[2.0, 1.0], [2.0, 1.0]]) == 1
    assert cheapest(COST) == 0
    assert cheapest([[1.0, 1.0]], [[0.2, 0.4]]) == 1


def test_fixed_arms_are_compared_on_prompts_that_all_answered() -> None:
    table = np.array([[1.0, NAN], [0.0, 0.5]])
    assert best_fixed(table) == 1  # arm 0's mean of 0.5 counts a prompt that arm 1 lacks
    with pytest.raises(ValueError, match="no prompt was answered by every arm"):
        best_fixed([[1.0, NAN], [NAN, 1.0]])


def test_take_follows_the_choices_of_each_seed() -> None:
    choices = np.array([[0, 1, 2], [2, 2, 1]])
    assert take(QUALITY, choices).tolist() == [[1.0, 1.0, 0.5], [0.0, 1.0, 0.2]]


def test_cumulative_regret_by_hand() -> None:
    chosen = take(QUALITY, [2, 1, 1])
    assert oracle_utility(QUALITY, COST).tolist() == [1.0, 1.0, 0.5]
    assert best_fixed_utility(QUALITY).tolist() == [1.0, 1.0, 0.2]
    assert cumulative_regret(chosen, oracle_utility(QUALITY)) == pytest.approx([1.0, 1.0, 1.3])
    assert cumulative_regret(chosen, best_fixed_utility(QUALITY)) == pytest.approx([1.0, 1.0, 1.0])


def test_what_was_not_compared_adds_nothing() -> None:
    found = cumulative_regret([[0.0, NAN, 0.5], [1.0, 1.0, 1.0]], [1.0, 1.0, 1.0])
    assert found.tolist() == [[1.0, 1.0, 1.5], [0.0, 0.0, 0.0]]


def test_paretobandit_oracle_is_the_cheapest_among_the_best(data_mirror: Path) -> None:
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_parquet(data_mirror / "paretobandit" / "outcomes.parquet")
    rows = rows[(rows["split"] == "test") & ~rows["model"].str.contains("gemini-2.5-flash")]
    score = rows.pivot(index="prompt_id", columns="model", values="score").to_numpy()
    cost = rows.pivot(index="prompt_id", columns="model", values="cost_usd").to_numpy()
    assert score.shape == (1824, 3)
    choice = oracle_choice(score, cost)
    assert take(score, choice).mean() == pytest.approx(0.963327, abs=5e-7)
    assert take(cost, choice).mean() == pytest.approx(0.0050293, abs=5e-8)
