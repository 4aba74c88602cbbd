"""The report for people: cells, Markdown, terminal and the files together."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from gairp.metrics.interval import Estimate
from gairp.report import cell
from gairp.report.folder import load_study, save_study
from gairp.report.markdown import report_markdown
from gairp.report.study import Sensitivity, Study
from gairp.report.summary import summarise
from gairp.report.terminal import print_report
from gairp.report.verdict import verdict
from gairp.report.write import write_report

NAN = math.nan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (cell.fixed(0.1 + 0.2, 2), "0.30"),
        (cell.fixed(-1e-9, 4), "0.0000"),
        (cell.fixed(-0.25, 1), "-0.2"),
        (cell.fixed(NAN), "—"),
        (cell.plain(-0.5, 1), "−0.5"),
        (cell.signed(0.0123), "+0.012"),
        (cell.signed(-0.0123), "−0.012"),
        (cell.signed(NAN), "—"),
        (cell.significant(0.0285849), "0.0286"),
        (cell.significant(15.156), "15.2"),
        (cell.significant(1234.5), "1234"),
        (cell.significant(0.0), "0.00"),
        (cell.percent(0.125, 1), "12.5%"),
        (cell.percent(NAN), "—"),
        (cell.p_value(0.00199), "0.002"),
        (cell.p_value(0.113), "0.11"),
        (cell.p_value(NAN), "—"),
    ],
)
def test_cells(text: str, expected: str) -> None:
    assert text == expected


def test_intervals() -> None:
    def estimate(point: float, low: float, high: float) -> Estimate:
        return Estimate(point, low, high, np.array([0.0]))

    assert cell.with_interval(estimate(0.5, 0.25, 0.75), 2) == "0.50 [0.25, 0.75]"
    assert cell.with_interval(estimate(NAN, NAN, NAN)) == "—"
    assert cell.percent_interval(estimate(0.31, -0.12, NAN)) == "+31% [−12%, —]"


def test_rounding_does_not_hang_on_the_last_bit_of_a_sum() -> None:
    tie = 0.1234565
    assert cell.fixed(np.nextafter(tie, 0)) == cell.fixed(tie) == cell.fixed(np.nextafter(tie, 1))


def test_markdown_says_what_the_figures_rest_on(study: Study) -> None:
    study = replace(
        study,
        dropped=5,
        sensitivity=(Sensitivity(label="output length ×0.5", gains={"p": (0.1, 0.05, 0.2)}),),
    )
    summary = summarise(study, draws=50)
    text = report_markdown(summary, ["figures/regret.png"])
    for line in (
        "# tiny",
        f"**{verdict(summary).line}**",
        "- `cheapest`: weak (lowest cost on train)",
        "- Prompts: 8 reported, 8 answered by every arm and run and compared; 5 dropped "
        "beforehand, since an arm's outcome was not recorded.",
        "- Seeds: 2 a policy.",
        "- Utility: cost_weight=0.1.",
        "- Cost: USD per 1,000 requests.",
        "- Note: assumed: output_tokens = 256",
        "- data: sha256:1234",
        "| output length ×0.5 | +0.100 [+0.050, +0.200] |",
        "![regret.png](figures/regret.png)",
    ):
        assert line in text.splitlines()
    assert "regret vs strong (best fixed in hindsight)" in text
    assert "(assumed)" in text


def test_a_pipe_in_a_name_does_not_break_the_table(study: Study) -> None:
    pool = replace(study.pool, arms=("we|ak", "strong"))
    text = report_markdown(summarise(replace(study, pool=pool), draws=20))
    assert "| fixed:we\\|ak |" in text


def test_the_terminal_ends_with_the_verdict(study: Study) -> None:
    summary = summarise(study, draws=50)
    out = io.StringIO()
    print_report(summary, Console(file=out))
    lines = out.getvalue().rstrip().splitlines()
    assert lines[-1] == verdict(summary).line
    assert any("p (primary)" in line and "+0.062" in line for line in lines)
    assert any("Note: assumed: output_tokens = 256" in line for line in lines)


def test_on_a_narrow_terminal_intervals_stay_whole(study: Study) -> None:
    out = io.StringIO()
    print_report(summarise(study, draws=50), Console(file=out, force_terminal=True, width=100))
    ends = [line for line in out.getvalue().splitlines() if line.lstrip().startswith("[")]
    assert len(ends) > 5  # a line of its own below the values
    assert [line for line in ends if line.count("[") != line.count("]")] == []


def test_all_files_and_the_same_bytes_from_a_saved_study(
    big_study: Callable[..., Study], tmp_path: Path
) -> None:
    study = big_study(linucb=0.4, random=0.0)
    save_study(study, tmp_path / "kept")
    made = write_report(study, tmp_path / "a", draws=50)
    write_report(load_study(tmp_path / "kept"), tmp_path / "b", draws=50)
    names = [path.relative_to(tmp_path / "a").as_posix() for path in made.files]
    assert names == [
        "summary.csv",
        "report.md",
        *(
            f"figures/{name}.{kind}"
            for name in ("cost_quality", "regret", "model_share")
            for kind in ("png", "svg")
        ),
    ]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert made.verdict.outcome == "gain"
