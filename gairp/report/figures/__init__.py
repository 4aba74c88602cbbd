"""The figures of a report, for print: PNG and SVG, readable in greyscale."""

from __future__ import annotations

from pathlib import Path

from gairp.report.figures.plane import draw_plane
from gairp.report.figures.regret import draw_regret
from gairp.report.figures.reliability import draw_reliability
from gairp.report.figures.shares import draw_shares
from gairp.report.summary import Summary

__all__ = ["draw_figures", "draw_plane", "draw_regret", "draw_reliability", "draw_shares"]


def draw_figures(summary: Summary, folder: Path) -> list[Path]:
    """Write cost_quality, regret, model_share and reliability as .png and .svg; return the paths.

    The cost-quality plane is left out where costs are unknown, reliability where nobody predicts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plane = draw_plane(summary, folder / "cost_quality") if summary.against_mix else []
    return [
        *plane,
        *draw_regret(summary, folder / "regret"),
        *draw_shares(summary, folder / "model_share"),
        *draw_reliability(summary.calibrations, folder / "reliability"),
    ]
