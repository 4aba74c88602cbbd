"""`python -m gairp.runners.recording.likeness FOLDER OTHER`: how alike two recordings are."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gairp.errors import DataError
from gairp.report.grid import Grid
from gairp.report.markdown import table

if TYPE_CHECKING:
    import pandas as pd

_KEYS = ["prompt_id", "model"]
_HEAD = (
    "arm", "rows", "same response", "same score", "same tokens in", "agreement, difference",
    "compute, ratio",
)  # fmt: skip


def likeness(first: pd.DataFrame, second: pd.DataFrame) -> Grid:
    """A line an arm, over the (prompt, arm) pairs that both outcomes tables have.

    The difference is of means, the ratio of medians of `compute_s`, the first table's against the
    second's; blank where one has none.
    Raises DataError where they share no pair.
    """
    both = first.astype({"model": str}).merge(
        second.astype({"model": str}), on=_KEYS, suffixes=("", "_other")
    )
    if both.empty:
        raise DataError("the two recordings have no prompt and arm in common; compare others")
    lines = []
    for arm, rows in both.groupby("model"):
        same = [
            int((rows[name] == rows[f"{name}_other"]).sum())
            for name in ("response", "score", "input_tokens")
        ]
        lines.append((str(arm), str(len(rows)), *map(str, same), _difference(rows), _ratio(rows)))
    return Grid(_HEAD, tuple(lines))


def _difference(rows: pd.DataFrame) -> str:
    if "agreement_other" not in rows:
        return "—"
    return f"{float((rows['agreement'] - rows['agreement_other']).mean()):+.2f}"


def _ratio(rows: pd.DataFrame) -> str:
    if "compute_s_other" not in rows:
        return "—"
    ratio = float(rows["compute_s"].median() / rows["compute_s_other"].median())
    return "—" if math.isnan(ratio) else f"{ratio:.2f}"


def main(folder: str, other: str) -> None:
    """Print the comparison of the outcomes tables of two folders."""
    import pandas as pd

    first, second = (pd.read_parquet(Path(f) / "outcomes.parquet") for f in (folder, other))
    print(table(likeness(first, second)))


if __name__ == "__main__":
    main(*sys.argv[1:])
