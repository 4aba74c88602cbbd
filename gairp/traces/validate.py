"""The checks that a trace passes before anyone computes with it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gairp.errors import DataError
from gairp.traces.cells import Cells
from gairp.traces.table import Floats
from gairp.traces.trace import QUANTITIES, Trace


def check_values(cells: Cells) -> None:
    """Raises BadRowError for a number that is infinite and a quantity below zero. A quantity or
    signal may be missing here; `check_score` looks at the score."""
    for field, numbers in cells.values.items():
        remedy = "correct the value, or leave it empty"
        _refuse(cells, field, numbers, np.isinf(numbers), "is infinite", remedy)
        if field in QUANTITIES:
            remedy = "correct the value; a quantity that is not known is left empty for its arm"
            _refuse(cells, field, numbers, numbers < 0, f"{field} is negative", remedy)


def check_score(cells: Cells, score: Floats, lowest: float = 0.0, highest: float = 1.0) -> None:
    """Raises BadRowError for a score that is missing or outside [lowest, highest]."""
    remedy = "give every row its score, or remove the row: a missing pair is legal"
    _refuse(cells, "score", score, np.isnan(score), "the score is missing", remedy)
    outside = (score < lowest) | (score > highest)
    problem = f"the score is outside [{lowest:g}, {highest:g}]"
    remedy = "correct it, state the file's scale with score_range=(lowest, highest), or clip=True"
    _refuse(cells, "score", score, outside, problem, remedy)


def _refuse(
    cells: Cells, field: str, numbers: Floats, wrong: NDArray[np.bool_], problem: str, remedy: str
) -> None:
    if wrong.any():
        i = int(np.argmax(wrong))
        raise cells.bad(i, field, float(numbers[i]), problem, remedy)


def check_pairs(cells: Cells, prompt_ids: tuple[str, ...], column: str) -> None:
    """Raises BadRowError, naming both rows, where a (prompt, arm) pair occurs twice."""
    pair = cells.prompt * len(cells.arms) + cells.arm
    order = np.argsort(pair, kind="stable")
    again = np.flatnonzero(pair[order][1:] == pair[order][:-1])
    if not len(again):
        return
    later = int(order[again + 1].min())
    first = int(np.argmax(pair == pair[later]))
    value = (prompt_ids[cells.prompt[later]], cells.arms[cells.arm[later]])
    raise cells.bad(
        later,
        "score",
        value,
        f"the pair of {column} and model stands in row {cells.row[first]} already",
        "keep one row a pair, or make repeated samples arms of their own",
    )


def check_whole_arms(cells: Cells) -> None:
    """Raises BadRowError where an arm has a quantity in some of its rows and lacks it in others.

    A quantity that an arm lacks altogether (no price is known, say) is legal.
    """
    count = np.bincount(cells.arm, minlength=len(cells.arms))
    for field in QUANTITIES:
        if field not in cells.values:
            continue
        gaps = np.isnan(cells.values[field])
        lacking = np.bincount(cells.arm[gaps], minlength=len(cells.arms))
        torn = (lacking > 0) & (lacking < count)
        if torn.any():
            i = int(np.argmax(gaps & torn[cells.arm]))
            arm = cells.arm[i]
            raise torn_quantity(cells, i, field, f"in {lacking[arm]} of {count[arm]} rows")


def torn_quantity(cells: Cells, i: int, field: str, where: str) -> DataError:
    """The error for a quantity that one arm has in some rows only."""
    return cells.bad(
        i,
        field,
        None,
        f"{field} is missing {where} of {cells.arms[cells.arm[i]]}, the others have it",
        f"fill it, select rows with where=…, or leave the quantity out: columns.{field}=None",
    )


def check_trace(trace: Trace) -> Trace:
    """The trace itself, if its parts fit together: for traces that no adapter of ours read.

    Raises DataError for shapes that differ, ids or arms that repeat, and numbers out of range.
    """
    n, k = len(trace.prompt_ids), len(trace.arms)
    _check_unique(trace, "arm", trace.arms)
    _check_unique(trace, "prompt id", trace.prompt_ids)
    _check_lengths(trace, n)
    tables = {"score": trace.score, **trace.quantities, **trace.signals}
    for field, table in tables.items():
        if table.shape != (n, k) or table.dtype != np.float64:
            raise DataError(
                f"trace {trace.name!r}: {field} is {table.dtype} {table.shape}; "
                f"make it float64 {(n, k)}, prompts by arms"
            )
    for field in trace.quantities:
        if field not in QUANTITIES:
            raise DataError(
                f"trace {trace.name!r}: {field!r} is no quantity ({', '.join(QUANTITIES)}); "
                "make it a signal"
            )
    row, arm = np.nonzero(~np.isnan(trace.score))
    cells = Cells(
        file=f"trace {trace.name!r}",
        arms=trace.arms,
        prompt=row,
        arm=arm,
        row=row + 1,
        values={field: table[row, arm] for field, table in tables.items()},
        columns={field: tuple(f"{field} of {a}" for a in trace.arms) for field in tables},
    )
    check_values(cells)
    check_score(cells, cells.values["score"])
    return trace


def _check_unique(trace: Trace, kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"trace {trace.name!r}: the {kind} {name!r} occurs twice; keep one")
        seen.add(name)


def _check_lengths(trace: Trace, n: int) -> None:
    lengths = {
        "prompts": len(trace.prompts),
        "categories": len(trace.categories),
        "groups": len(trace.groups),
        "splits": n if trace.splits is None else len(trace.splits),
    }
    for field, length in lengths.items():
        if length != n:
            raise DataError(
                f"trace {trace.name!r}: {length} {field} for {n} prompt ids; give one a prompt"
            )
