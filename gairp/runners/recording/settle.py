"""Turns what was recorded into a trace: tables, card, and an account of what is missing."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gairp.errors import DataError
from gairp.runners.recording.card import card
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.rows import Missing, Rows
from gairp.runners.recording.settings import RecordSettings
from gairp.runners.recording.tables import write_tables
from gairp.runners.recording.take import Taken
from gairp.runners.replay.key import git_commit


def write_trace(plan: Plan, taken: Taken, record: RecordSettings, folder: Path) -> list[str]:
    """Write the trace into `folder`; what there is to say of it.

    Raises DataError, and writes no table, where no prompt has what it needs.
    """
    rows = Rows(
        plan=plan, recorded=taken.recorded, costing=taken.stage.costing, dataset=record.dataset,
        left=taken.left,
    )  # fmt: skip
    missing = rows.missing()
    folder.mkdir(parents=True, exist_ok=True)
    write_missing(missing, folder / "missing.csv")
    questions = rows.questions(incomplete=record.incomplete)
    if not questions:
        raise DataError(
            f"no prompt was answered by every arm, so there is no trace yet: {_why(missing)}; see "
            f"{folder / 'missing.csv'}, and run the same command again for what is missing"
        )
    outcomes = rows.outcomes(questions)
    notes = write_tables(outcomes, rows.prompts(questions), folder)
    notes += _account(plan, taken, len(questions), missing)
    _write_card(plan, taken, record, folder, notes)
    return notes


def write_missing(missing: Sequence[Missing], path: Path) -> None:
    """The pairs that are not there, as CSV; no file where all are."""
    if not missing:
        path.unlink(missing_ok=True)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("prompt_id", "arm", "sample", "why"))
        writer.writerows((one.prompt_id, one.arm, one.sample, one.why) for one in missing)


def _write_card(
    plan: Plan, taken: Taken, record: RecordSettings, folder: Path, notes: Sequence[str]
) -> None:
    import pandas as pd

    table = pd.read_parquet(folder / "outcomes.parquet")
    labels = table.select_dtypes("category").columns
    facts = {"git commit": git_commit(), **taken.stage.price_facts}
    text = card(
        table.astype(dict.fromkeys(labels, str)), name=record.dataset, arms=plan.arms,
        facts=facts, notes=notes,
    )  # fmt: skip
    part = folder / "card.part"
    part.write_text(text, encoding="utf-8")
    part.replace(folder / "card.md")


def _account(plan: Plan, taken: Taken, kept: int, missing: Sequence[Missing]) -> list[str]:
    ceiling, pairs = taken.stage.ceiling, plan.pairs
    keys = {pair.key for pair in pairs}
    notes = [
        f"{kept:,} of {len(plan.questions):,} prompts are in the trace",
        f"spent {ceiling.spent_usd:.6f} USD, {ceiling.spent_tokens:,} tokens; "
        f"{ceiling.kept_usd:.6f} USD held for calls whose bill is unknown",
    ]
    if len(keys) < len(pairs):
        notes.append(f"{len(pairs) - len(keys)} pairs have the content of another: asked once")
    if missing:
        notes.append(f"{len(missing)} pairs are missing (missing.csv): {_why(missing)}")
    admission, costing = taken.stage.admission, taken.stage.costing
    notes += [f"arm {arm!r} {why}" for arm, why in admission.quarantined.items()]
    notes += [
        f"{count} answers came from {model!r}, which has no price, and were billed as asked"
        for model, count in costing.unpriced.items()
    ]
    if taken.stopped:
        notes.append("stopped early; the same command goes on where this one ended")
    return notes


def _why(missing: Sequence[Missing]) -> str:
    """The commonest reasons with their counts."""
    counts = Counter(one.why.partition(":")[0] for one in missing)
    return ", ".join(f"{why} {count}" for why, count in counts.most_common(5))
