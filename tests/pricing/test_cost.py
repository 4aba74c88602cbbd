"""Dollars from tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gairp.errors import DataError, PriceError
from gairp.pricing import (
    Price,
    PriceCatalogue,
    call_cost,
    call_costs,
    load_catalogue,
    price_trace_quantities,
)

PLAIN = Price(
    model="plain", input_usd_per_mtok=2.0, output_usd_per_mtok=10.0, source="t", valid_from=None
)
CACHED = Price(
    model="cached",
    input_usd_per_mtok=2.0,
    output_usd_per_mtok=10.0,
    cached_input_usd_per_mtok=0.5,
    source="t",
    valid_from=None,
)


def test_a_call_costs_input_plus_output() -> None:
    assert call_cost(PLAIN, 1_000, 500) == pytest.approx(0.002 + 0.005, rel=1e-15)


def test_cached_tokens_are_a_part_of_the_input() -> None:
    assert call_cost(CACHED, 1_000, 0, 400) == pytest.approx(0.6e-3 * 2 + 0.4e-3 * 0.5, rel=1e-15)


def test_without_a_cached_price_cached_tokens_cost_the_full_one() -> None:
    assert call_cost(PLAIN, 1_000, 0, 400) == call_cost(PLAIN, 1_000, 0)


@pytest.mark.parametrize("counts", [(-1, 0, 0), (0, -1, 0), (1, 0, -1), (1, 0, 2)])
def test_impossible_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match="'plain'"):
        call_cost(PLAIN, *counts)
    with pytest.raises(DataError, match=r"index \(1,\)"):
        call_costs(PLAIN, [1, counts[0]], [1, counts[1]], [0, counts[2]])


def test_arrays_agree_with_scalars_and_broadcast() -> None:
    rng = np.random.default_rng(0)
    paid = rng.integers(10, 5_000, size=(7, 3))
    answered = rng.integers(0, 900, size=(7, 1))
    cached = rng.integers(0, 10, size=3)
    got = call_costs(CACHED, paid, answered, cached)
    assert got.shape == (7, 3)
    for i, j in np.ndindex(7, 3):
        assert got[i, j] == call_cost(
            CACHED, float(paid[i, j]), float(answered[i, 0]), float(cached[j])
        )


def catalogue(tmp_path: Path) -> PriceCatalogue:
    path = tmp_path / "p.yaml"
    path.write_text(
        "models: {a: [{from: 2025-01-01, input: 1, output: 2}],"
        " b: [{from: 2025-01-01, input: 10, output: 20}]}"
    )
    return load_catalogue(user_files=[path], genai=False, as_of="2025-01-01")


def test_a_trace_is_priced_column_by_column_and_gaps_stay_gaps(tmp_path: Path) -> None:
    costs = price_trace_quantities(
        ["b", "a"],
        np.array([[100, 100], [np.nan, 50]]),
        np.array([[10, 20], [5, np.nan]]),
        catalogue(tmp_path),
    )
    np.testing.assert_allclose(costs, [[1200e-6, 140e-6], [np.nan, np.nan]], rtol=1e-14)


def test_a_trace_with_an_unpriced_arm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PriceError, match="'c' on 2025-01-01"):
        price_trace_quantities(["a", "c"], np.ones((2, 2)), np.ones((2, 2)), catalogue(tmp_path))


@pytest.mark.parametrize(("one", "other"), [((2, 3), (2, 3)), ((2, 2), (3, 2)), ((2,), (2,))])
def test_wrong_shapes_are_refused(
    tmp_path: Path, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    with pytest.raises(DataError, match="one column an arm"):
        price_trace_quantities(["a", "b"], np.ones(one), np.ones(other), catalogue(tmp_path))


def test_the_mirrors_estimated_costs_are_reproduced(data_mirror: Path) -> None:
    table = pd.read_parquet(data_mirror / "mmlu_pro" / "outcomes.parquet")
    table = table[table["cost_usd_est"].notna()]
    arms = sorted(table["model"].unique())
    assert len(arms) == 11
    paid, answered, logged = (
        table.pivot(index="prompt_id", columns="model", values=column)[arms].to_numpy(np.float64)
        for column in ("input_tokens", "output_tokens", "cost_usd_est")
    )
    prices = load_catalogue(
        tables_dir=data_mirror / "prices", benchmark="mmlu_pro", genai=False, as_of="2025-01-31"
    )
    costs = price_trace_quantities(arms, paid, answered, prices)
    np.testing.assert_allclose(costs, logged, rtol=0, atol=1e-9)  # logged with nine decimals
