"""summary.csv: its columns, its blanks, and its bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gairp.report.csv_table import summary_csv
from gairp.report.folder import load_study, save_study
from gairp.report.study import Study
from gairp.report.summary import summarise


def rows_of(study: Study) -> dict[str, dict[str, str]]:
    text = summary_csv(summarise(study, draws=50))
    return {row["policy"]: row for row in csv.DictReader(io.StringIO(text))}


def test_figures(study: Study) -> None:
    row = rows_of(study)["p"]
    assert row["kind"] == "primary"
    assert (row["seeds"], row["prompts"]) == ("2", "8")
    assert row["quality"] == "0.625000"
    assert row["cost_usd_per_1k"] == "1.500000"
    assert row["latency_p95_s"] == "4.000000"
    assert row["regret_best_fixed"] == "-0.2000"
    assert row["regret_oracle"] == "1.0000"
    assert row["gain_vs_best_mix"] == "0.062500"
    assert row["saving_vs_best_mix"] == "0.250000"
    assert row["share:strong"] == "0.250000"


def test_what_is_unknown_is_a_dash_and_never_0(study: Study) -> None:
    pool = replace(
        study.pool, cost_usd=None, latency_s=None, train_cost_usd=None, train_latency_s=None
    )
    unknown = np.full(8, np.nan)
    runs = tuple(replace(run, cost_usd=unknown, latency_s=unknown) for run in study.runs)
    for row in rows_of(replace(study, pool=pool, runs=runs, utility={})).values():
        blank = {name for name, value in row.items() if value == "—"}
        assert blank >= {
            *("cost_usd_per_1k", "cost_usd_per_1k_low", "latency_p50_s", "latency_p99_s"),
            *("aiq", "saving_vs_best_mix"),
        }
        assert "nan" not in "".join(row.values()).lower()


def test_the_cost_column_is_named_by_its_unit(study: Study) -> None:
    row = rows_of(replace(study, cost_unit="share of strong calls"))["p"]
    assert row["strong_share"] == "0.001500"
    assert "cost_usd_per_1k" not in row


def test_bytes_are_the_same_again_from_files_and_in_any_order(
    big_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = big_study(linucb=0.4, thompson=0.3, random=0.0)
    save_study(study, tmp_path)
    shuffled = replace(study, runs=study.runs[::-1])
    texts = {
        summary_csv(summarise(one, draws=100))
        for one in (study, study, load_study(tmp_path), shuffled)
    }
    assert len(texts) == 1


def test_the_seed_of_the_draws_moves_intervals_and_nothing_else(
    big_study: Callable[..., Study],
) -> None:
    study = big_study(linucb=0.4)
    one, other = (summarise(study, draws=100, seed=seed).row("linucb") for seed in (0, 1))
    assert one.quality.point == other.quality.point
    assert one.gain.point == other.gain.point
    assert one.gain.low != other.gain.low
