"""The outcomes and the prompts table brought together: same filters, same prompts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gairp.traces.columns import Columns
from gairp.traces.sheet import PromptSheet, key_column, make_sheet
from gairp.traces.table import Ints, Table, TextColumn
from gairp.traces.where import Where, check_where, keep_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Filtered outcomes, and the prompts that they are about."""

    outcomes: Table
    key: str  #: column of the prompt id
    ids: TextColumn  #: prompt id of each row of `outcomes`
    sheet: PromptSheet
    index: Ints  #: row in `sheet` of each value of `ids`


def join_tables(
    outcomes: Table, prompts: Table | None, columns: Columns, where: Where | None
) -> Joined:
    """The rows of both tables that agree with `where`.

    A prompt stays without any outcome, unless a filter on the outcomes took its rows away. Raises
    BadRowError for a prompt id of the outcomes that the prompts table lacks.
    """
    filters = dict(where or {})
    check_where(filters, outcomes, *([prompts] if prompts else []))
    key = key_column(columns, outcomes)
    kept = keep_rows(outcomes, filters)
    if prompts is not None:
        own = key_column(columns, prompts)
        _check_known(kept, key, prompts, own)
        prompts = keep_rows(prompts, filters)
        kept = kept.filter(_among(kept.key(key), prompts.key(own).values))
        if any(column in outcomes.names for column in filters):
            prompts = prompts.filter(_among(prompts.key(own), kept.key(key).values))
    ids = kept.key(key)
    sheet = make_sheet(columns, prompts, kept, ids)
    row = {prompt_id: i for i, prompt_id in enumerate(sheet.ids)}
    index = np.array([row[value] for value in ids.values], dtype=np.int64)
    return Joined(outcomes=kept, key=key, ids=ids, sheet=sheet, index=index)


def _among(ids: TextColumn, known: Collection[str]) -> NDArray[np.bool_]:
    known = set(known)
    return np.array([value in known for value in ids.values], dtype=np.bool_)[ids.codes]


def _check_known(outcomes: Table, key: str, prompts: Table, own: str) -> None:
    ids = outcomes.key(key)
    known = _among(ids, prompts.key(own).values)
    if not known.all():
        i = int(np.argmin(known))
        problem = f"the prompt id is not in {prompts.file}"
        remedy = f"add the prompt to {prompts.file}, or remove its outcomes"
        raise outcomes.bad(i, key, ids.at(i), problem, remedy)
