"""report.md, its tables and its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from gairp.report.markdown import table
from gairp.runners.judge_agreement import tables
from gairp.runners.judge_agreement.answers import Sample
from gairp.runners.judge_agreement.figures import write_figures
from gairp.runners.judge_agreement.measured import Measured


def write(sample: Sample, found: Sequence[Measured], out: Path, *, draws: int) -> Path:
    """Write the report into `out`; its path."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = [path for path in write_figures(found, out / "figures") if path.suffix == ".png"]
    (out / "summary.csv").write_text(tables.summary_csv(found), encoding="utf-8")
    (out / "cost.csv").write_text(tables.cost_csv(found), encoding="utf-8")
    text = "\n".join(markdown(sample, found, [f"figures/{path.name}" for path in pictures], draws))
    report = out / "report.md"
    report.write_text(text + "\n", encoding="utf-8")
    return report


def markdown(
    sample: Sample, found: Sequence[Measured], pictures: Sequence[str], draws: int
) -> Iterator[str]:
    """The lines of the report."""
    yield from ("# How far judges agree with programmatic grades", "")
    yield from _what(sample)
    yield from ("", "## Agreement", "", table(tables.agreement_grid(found)), "")
    yield (
        "In brackets: 95% intervals of a bootstrap of whole prompts, "
        f"{draws:,} draws. Unreadable and failed verdicts are in no share: they are unknown, not "
        "wrong. The last three columns are how often the judge says that an answer is right: of "
        "all, of right and of wrong answers. Always wrong, answer occurs (its text stands in the "
        "answer) and own opinion (the recorded vote of the model that answered) ask no judge."
    )
    yield from ("", "## What sways a judge", "", table(tables.bias_grid(found)), "")
    yield (
        "The verdict less the judge's mean verdict on answers that are equally right: by the model "
        "that answered (above 0: favoured), and its slope and rank correlation with the length of "
        "the answer in characters."
    )
    yield from ("", "## Cost", "", table(tables.cost_grid(found)), "")
    yield (
        "As measured when it was asked, on one machine; USD are processor seconds at the assumed "
        "price of the settings. “—” is unknown."
    )
    yield ""
    yield from (f"![{path}]({path})" for path in pictures)


def _what(sample: Sample) -> Iterator[str]:
    answers = sample.answers
    prompts = len({answer.question.id for answer in answers})
    families = len({answer.family for answer in answers})
    right = sum(answer.score == 1.0 for answer in answers)
    models = Counter(answer.model for answer in answers)
    yield (
        f"{len(answers):,} recorded answers to {prompts:,} prompts of {families} families, of "
        f"which the programmatic graders call {right:,} right ({right / len(answers):.0%}); "
        f"{sample.blank:,} blank ones are left out. By model: "
        + ", ".join(f"{model} {count}" for model, count in sorted(models.items()))
        + "."
    )
