"""The whole report of a study, as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gairp.report.csv_table import calibration_csv, summary_csv
from gairp.report.figures import draw_figures
from gairp.report.markdown import report_markdown
from gairp.report.study import Study
from gairp.report.summary import Summary, summarise
from gairp.report.verdict import Verdict, verdict

SUMMARY_FILE, REPORT_FILE, FIGURES_FOLDER = "summary.csv", "report.md", "figures"
CALIBRATION_FILE = "calibration.csv"


@dataclass(frozen=True, slots=True)
class Report:
    """What was concluded, and where it was written."""

    summary: Summary
    verdict: Verdict
    files: tuple[Path, ...]


def write_report(study: Study, folder: Path, *, draws: int = 1000, seed: int = 0) -> Report:
    """Write summary.csv, report.md and figures/*.png and *.svg into `folder`.

    calibration.csv is written where a policy predicts qualities.

    Raises what `summarise` raises.
    """
    summary = summarise(study, draws=draws, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    figures = draw_figures(summary, folder / FIGURES_FOLDER)
    pictures = [f"{FIGURES_FOLDER}/{path.name}" for path in figures if path.suffix == ".png"]
    table, text = folder / SUMMARY_FILE, folder / REPORT_FILE
    table.write_text(summary_csv(summary), encoding="utf-8", newline="")
    text.write_text(report_markdown(summary, pictures), encoding="utf-8", newline="")
    files = [table, text, *figures]
    if summary.calibrations:
        files.append(folder / CALIBRATION_FILE)
        files[-1].write_text(calibration_csv(summary), encoding="utf-8", newline="")
    return Report(summary=summary, verdict=verdict(summary), files=tuple(files))
