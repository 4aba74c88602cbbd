"""Calibration of what a router predicted, from the tables of its runs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gairp.metrics.calibration import brier_score, expected_calibration_error, reliability
from gairp.report.calibration import AS_USED, BEFORE
from gairp.report.folder import load_study, save_study
from gairp.report.run_metrics import run_metrics
from gairp.report.study import Run, Study
from gairp.report.summary import summarise
from gairp.report.write import write_report


def predicting(run: Run, study: Study, *, bold: float) -> Run:
    """Predicts with noise; before calibration it was bolder than it should be."""
    rng = np.random.default_rng([run.seed, 9])
    truth = study.pool.quality[run.rows]
    used = np.clip(0.3 + 0.4 * truth + rng.normal(0, 0.1, truth.shape), 0, 1).astype(np.float32)
    before = np.clip(0.5 + bold * (used - 0.5), 0, 1).astype(np.float32)
    return replace(run, predicted=used, uncalibrated=before)


@pytest.fixture
def predicted(big_study: Callable[..., Study]) -> Study:
    study = big_study(2, learned=0.5, other=0.2)
    runs = [
        predicting(run, study, bold=2.5) if run.policy == "learned" else run for run in study.runs
    ]
    return replace(study, runs=tuple(runs))


def pairs(study: Study, name: str, chosen: bool) -> tuple[np.ndarray, np.ndarray]:
    guesses, truths = [], []
    for run in (run for run in study.runs if run.policy == "learned"):
        values, truth = getattr(run, name), study.pool.quality[run.rows]
        arms = run.arms[:, None] == np.arange(3) if chosen else np.ones(truth.shape, dtype=bool)
        guesses.append(values[arms])
        truths.append(truth[arms])
    return np.concatenate(guesses), np.concatenate(truths)


@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize(("stage", "name"), [(AS_USED, "predicted"), (BEFORE, "uncalibrated")])
def test_figures_are_those_of_the_metrics(
    predicted: Study, stage: str, name: str, chosen: bool
) -> None:
    summary = summarise(predicted, draws=50)
    assert [one.policy for one in summary.calibrations] == ["learned", "learned"]
    one = next(one for one in summary.calibrations if one.stage == stage)
    found, known = (one.chosen if chosen else one.every), pairs(predicted, name, chosen)
    assert found.brier.point == pytest.approx(float(brier_score(*known)))
    assert found.error == pytest.approx(float(expected_calibration_error(*known)))
    curve = reliability(*known)
    assert found.curve.counts == pytest.approx(curve.counts)
    assert found.curve.predicted == pytest.approx(curve.predicted, nan_ok=True)
    assert found.curve.observed == pytest.approx(curve.observed, nan_ok=True)
    assert found.brier.low < found.brier.point < found.brier.high


def test_calibration_is_seen(predicted: Study) -> None:
    used, before = summarise(predicted, draws=50).calibrations
    # A right answer is predicted 0.7, a wrong one 0.3: off by 0.3. Before, by nothing at all.
    assert used.every.error == pytest.approx(0.3, abs=0.03)
    assert used.every.brier.point == pytest.approx(0.09 + 0.01, abs=0.01)
    assert before.every.brier.point < 0.05


def test_a_remade_report_has_the_same_table(predicted: Study, tmp_path: Path) -> None:
    write_report(predicted, tmp_path / "one", draws=30)
    save_study(predicted, tmp_path / "kept")
    write_report(load_study(tmp_path / "kept"), tmp_path / "two", draws=30)
    tables = [(tmp_path / n / "calibration.csv").read_bytes() for n in ("one", "two")]
    assert tables[0] == tables[1]
    assert tables[0].decode().splitlines()[1].startswith("learned,as used,0.")
    text = (tmp_path / "two" / "report.md").read_text(encoding="utf-8")
    assert "## Calibration" in text
    assert "(figures/reliability.png)" in text


def test_nobody_predicts(study: Study, tmp_path: Path) -> None:
    report = write_report(study, tmp_path, draws=30)
    assert report.summary.calibrations == ()
    assert not (tmp_path / "calibration.csv").exists()
    assert "Calibration" not in (tmp_path / "report.md").read_text(encoding="utf-8")
    assert not (tmp_path / "figures" / "reliability.png").exists()


def test_a_run_has_its_figures_in_the_store(predicted: Study) -> None:
    run = next(run for run in predicted.runs if run.policy == "learned")
    values = run_metrics(predicted, run)
    truth = predicted.pool.quality[run.rows]
    assert run.predicted is not None
    assert values["brier"] == pytest.approx(float(((run.predicted - truth) ** 2).mean()))
    assert 0.25 < values["calibration_error"] < 0.35
    other = next(run for run in predicted.runs if run.policy == "other")
    assert "brier" not in run_metrics(predicted, other)
