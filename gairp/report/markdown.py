"""report.md: the verdict, the tables, the figures and what they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from gairp.report.cell import written
from gairp.report.grid import Grid, calibration_grid, sensitivity_grid, shares_grid, summary_grid
from gairp.report.summary import Summary
from gairp.report.verdict import other_verdicts, verdict

if TYPE_CHECKING:
    import pandas as pd


def report_markdown(summary: Summary, figures: Sequence[str] = ()) -> str:
    """The report as Markdown; figures: paths of pictures, relative to the file."""
    return "\n".join(_lines(summary, figures)) + "\n"


def table(grid: Grid) -> str:
    """A Markdown table, figures to the right."""
    rule = [":--"] + ["--:"] * (len(grid.header) - 1)
    rows = [grid.header, rule, *grid.lines]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows
    )


def _to_four_digits(name: str, value: object) -> str:
    return written(value)


def frame_table(frame: pd.DataFrame, cell: Callable[[str, object], str] = _to_four_digits) -> str:
    """A Markdown table of a frame; `cell` gives the text of a value under a column's name."""
    names = tuple(map(str, frame.columns))
    lines = tuple(tuple(map(cell, names, row)) for row in frame.itertuples(index=False))
    return table(Grid(header=names, lines=lines))


def _lines(summary: Summary, figures: Sequence[str]) -> Iterator[str]:
    yield f"# {summary.study.name}"
    yield ""
    yield f"**{verdict(summary).line}**"
    others = other_verdicts(summary)
    if others:
        yield ""
        yield from (f"- {other.line}" for other in others)
    yield from ("", "## Summary", "", table(summary_grid(summary)), "")
    yield from _legend(summary)
    yield from ("", "## Share of requests per arm", "", table(shares_grid(summary)))
    calibration = calibration_grid(summary)
    if calibration is not None:
        yield from ("", "## Calibration", "")
        yield (
            "Predicted against recorded quality over the compared prompts: of every arm, and of "
            "the arm that was chosen, which is the one predicted best and so the one whose "
            "prediction is most flattered. The calibration error is over ten bins of equal width."
        )
        yield from ("", table(calibration))
    sensitivity = sensitivity_grid(summary)
    if sensitivity is not None:
        yield from ("", "## Sensitivity to what is assumed", "")
        yield f"Quality gain vs {summary.against}, with each assumed quantity changed (assumed)."
        yield from ("", table(sensitivity))
    if figures:
        yield from ("", "## Figures", "")
        yield from (f"![{path.rpartition('/')[2]}]({path})" for path in figures)
    yield from ("", "## Settings", "")
    yield from _settings(summary)


def _legend(summary: Summary) -> Iterator[str]:
    yield (
        "In brackets: 95% intervals, two-sided. Regrets are sums of utility over the "
        f"{summary.prompts:,} compared prompts, means over seeds. p is two-sided; of the "
        "policies beside the primary one it is Holm-corrected. “—” is unknown or not computed; as "
        "the end of an interval it says that in so many draws no fixed mix was as good at any cost."
    )
    yield ""
    yield from (f"- `{row.policy}`: {row.what}" for row in summary.rows if _explained(row.what))


def _explained(what: str) -> bool:
    """A fixed arm's row names its arm already."""
    return " " in what


def _settings(summary: Summary) -> Iterator[str]:
    study, reported = summary.study, len(summary.study.pool.prompt_ids)
    yield (
        f"- Prompts: {reported:,} reported, {summary.prompts:,} answered by every arm and run and "
        f"compared; {study.dropped:,} dropped beforehand, since an arm's outcome was not recorded."
    )
    yield f"- Seeds: {_seeds(summary)}."
    settings = (f"{key}={value}" for key, value in study.utility.items() if value is not None)
    yield f"- Utility: {', '.join(settings) or 'quality alone'}."
    yield f"- Cost: {study.cost_unit}."
    yield (
        f"- Intervals: two-way bootstrap over groups of near-duplicate prompts and seeds, "
        f"{summary.draws:,} draws from seed {summary.seed}; the mix is recomputed in each."
    )
    yield from (f"- Note: {note}" for note in study.notes)
    yield from (f"- {key}: {value}" for key, value in sorted(study.facts.items()))


def _seeds(summary: Summary) -> str:
    counts = {row.seeds for row in summary.rows if row.seeds}
    if len(counts) == 1:
        return f"{counts.pop()} a policy"
    return ", ".join(f"{row.policy} {row.seeds}" for row in summary.rows if row.seeds)
