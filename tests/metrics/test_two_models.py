"""Win-rate curves, PGR, APGR and CPT: by hand, in expectation, and as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gairp.metrics.apgr import apgr, cpt, pgr
from gairp.metrics.arrays import Floats
from gairp.metrics.winrate import random_router_curve, two_model_curve

WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"


def test_curve_sends_the_highest_win_rates_first() -> None:
    weak, strong, rate = [0.0, 1.0, 0.0, 1.0, 0.0], [1.0] * 5, [0.9, 0.1, 0.8, 0.2, 0.3]
    curve = two_model_curve(weak, strong, rate, bins=4)
    assert curve.share.tolist() == [0.0, 0.4, 0.6, 0.8, 1.0]  # ">= quantile" takes its own point
    assert curve.quality == pytest.approx([0.4, 0.8, 1.0, 1.0, 1.0])


def test_prompts_that_tie_at_a_threshold_go_to_the_strong_model() -> None:
    curve = two_model_curve([0.0] * 4, [1.0] * 4, [0.5, 0.5, 0.5, 0.1], bins=2)
    assert curve.share.tolist() == [0.0, 0.75, 1.0]
    assert curve.quality.tolist() == [0.0, 0.75, 1.0]


def test_pgr_apgr_cpt_by_hand() -> None:
    share, quality = [0.0, 0.5, 1.0], [60.0, 75.0, 80.0]
    assert pgr(quality, weak=60.0, strong=80.0).tolist() == [0.0, 0.75, 1.0]
    assert float(apgr(share, quality, weak=60.0, strong=80.0)) == pytest.approx(0.625)
    assert float(cpt(share, quality, 0.5, weak=60.0, strong=80.0)) == pytest.approx(1 / 3)
    assert float(cpt(share, quality, 0.8, weak=60.0, strong=80.0)) == pytest.approx(0.6)


def test_ends_are_added_and_order_does_not_matter() -> None:
    assert float(apgr([0.5], [75.0], weak=60.0, strong=80.0)) == pytest.approx(0.625)
    shuffled = apgr([0.8, 0.2], [78.0, 70.0], weak=60.0, strong=80.0)
    assert float(shuffled) == pytest.approx(0.05 + 0.42 + 0.19)


def test_first_crossing_counts_where_the_curve_falls_again() -> None:
    found = cpt([0.2, 0.4, 0.6], [70.0, 64.0, 72.0], 0.5, weak=60.0, strong=80.0)
    assert float(found) == pytest.approx(0.2)


def test_draws_recompute_the_normaliser() -> None:
    share, quality = np.tile([0.0, 0.5, 1.0], (2, 1)), [[60.0, 75.0, 80.0], [50.0, 60.0, 70.0]]
    assert apgr(share, quality, weak=[60.0, 50.0], strong=[80.0, 70.0]) == pytest.approx(
        [0.625, 0.5]
    )
    assert cpt(share, quality, 0.5, weak=[60.0, 50.0], strong=[80.0, 70.0]) == pytest.approx(
        [1 / 3, 0.5]
    )


def test_no_gap_to_recover_is_nan() -> None:
    assert np.isnan(pgr([0.5], weak=0.6, strong=0.6)).all()
    assert np.isnan(apgr([0.5], [0.6], weak=0.6, strong=0.6))
    assert np.isnan(cpt([0.5], [0.6], 0.5, weak=0.6, strong=0.6))


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="target is 50"):
        cpt([0.5], [0.6], 50, weak=0.5, strong=0.7)
    with pytest.raises(ValueError, match="not percentages"):
        apgr([50.0], [0.6], weak=0.5, strong=0.7)
    with pytest.raises(ValueError, match=r"win_rate\[0\] is nan"):
        two_model_curve([0.0], [1.0], [np.nan])


def test_random_router_is_the_straight_line_in_expectation() -> None:
    rng = np.random.default_rng(0)
    weak, strong = (rng.random((2, 500)) < [[0.6], [0.8]]).astype(np.float64)
    curve = random_router_curve(weak, strong, rng=rng, runs=2000)
    line = weak.mean() + curve.share * (strong.mean() - weak.mean())
    assert curve.share == pytest.approx(np.linspace(0, 1, 11), abs=1e-9)
    assert curve.quality == pytest.approx(line, abs=2e-3)


def routellm_scores(mirror: Path, dataset: str) -> tuple[Floats, Floats]:
    """Weak and strong scores in percent on the prompts that the authors kept."""
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_parquet(mirror / "routellm" / "outcomes.parquet")
    rows = rows[(rows["dataset"] == dataset) & ~rows["contaminated"]]
    table = rows.pivot(index="prompt_id", columns="model", values="score") * 100
    return table[WEAK].to_numpy(np.float64), table[STRONG].to_numpy(np.float64)


@pytest.mark.parametrize(
    ("dataset", "n", "weak_mean", "strong_mean"),
    [("mmlu", 14_037, 68.091, 80.587), ("gsm8k", 1_307, 63.734, 85.769)],
)
def test_routellm_fixed_models(
    data_mirror: Path, dataset: str, n: int, weak_mean: float, strong_mean: float
) -> None:
    weak, strong = routellm_scores(data_mirror, dataset)
    assert len(weak) == n
    assert weak.mean() == pytest.approx(weak_mean, abs=5e-4)
    assert strong.mean() == pytest.approx(strong_mean, abs=5e-4)
    ends = two_model_curve(weak, strong, np.arange(n)).quality[[0, -1]]
    assert ends == pytest.approx([weak.mean(), strong.mean()])


#: (CPT(50%), CPT(80%), APGR) of the random router: published, then recomputed from these files.
RANDOM_ROUTER = {
    "mmlu": [(50.07, 79.9, 0.500), (49.95, 80.18, 0.500)],
    "gsm8k": [(50.00, 80.1, 0.497), (50.37, 80.48, 0.498)],
}


@pytest.mark.parametrize("dataset", ["mmlu", "gsm8k"])
def test_routellm_random_router(data_mirror: Path, dataset: str) -> None:
    """Ten runs scatter; the figures of others are one such scatter, and must lie within it."""
    weak, strong = routellm_scores(data_mirror, dataset)
    ends = {"weak": weak.mean(), "strong": strong.mean()}
    figures = []
    for seed in range(60):
        curve = random_router_curve(weak, strong, rng=np.random.default_rng(seed))
        figures.append(
            [
                100 * float(cpt(*curve, 0.5, **ends)),
                100 * float(cpt(*curve, 0.8, **ends)),
                float(apgr(*curve, **ends)),
            ]
        )
    centre, spread = np.mean(figures, axis=0), np.std(figures, axis=0)
    assert centre == pytest.approx([50.0, 80.0, 0.5], abs=0.5)
    assert centre[2] == pytest.approx(0.5, abs=0.002)
    for row in RANDOM_ROUTER[dataset]:
        assert (np.abs(np.array(row) - centre) < 3 * spread).all()
    first = figures[0]
    assert first[:2] == pytest.approx(RANDOM_ROUTER[dataset][1][:2], abs=4 * spread[:2].max())
    assert first[2] == pytest.approx(RANDOM_ROUTER[dataset][1][2], abs=4 * spread[2])
