"""What a trace says about its prompts: text, category, the source's split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gairp.traces.columns import Columns, missing_column
from gairp.traces.table import Floats, Ints, Table, TextColumn

#: Fields that either table may hold.
SHEET_FIELDS = ("prompt", "category", "split")


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSheet:
    """One entry a prompt, in file order."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    categories: tuple[str, ...]
    splits: tuple[str, ...] | None
    input_tokens: Floats | None = None  #: where the prompts table has them

    def take(self, rows: Ints) -> PromptSheet:
        """The entries of these rows."""

        def pick(values: Sequence[str]) -> tuple[str, ...]:
            return tuple(values[i] for i in rows)

        return PromptSheet(
            ids=pick(self.ids),
            texts=pick(self.texts),
            categories=pick(self.categories),
            splits=None if self.splits is None else pick(self.splits),
            input_tokens=None if self.input_tokens is None else self.input_tokens[rows],
        )


def make_sheet(
    columns: Columns, prompts: Table | None, outcomes: Table, ids: TextColumn
) -> PromptSheet:
    """The sheet of both tables; `ids` is the prompt id of each row of `outcomes`.

    Without a prompts table the prompts are those of the outcomes, by first appearance. Raises
    BadRowError where a prompt occurs twice, has no text, or is described in two ways, and
    DataError where a column is missing.
    """
    in_prompts, in_outcomes = _places(columns, prompts, outcomes)
    told = {field: _told(outcomes, name, field, ids) for field, name in in_outcomes.items()}
    if prompts is None:
        return _sheet(ids.values, told, None)
    key = key_column(columns, prompts)
    own = unique_ids(prompts, key)
    row = {prompt_id: i for i, prompt_id in enumerate(ids.values)}
    described = {
        field: tuple(values[row[i]] if i in row else "" for i in own)
        for field, values in told.items()
    }
    for field, name in in_prompts.items():
        text = prompts.text(name)
        if field == "prompt" and (text.codes < 0).any():
            i = int(np.argmax(text.codes < 0))
            raise prompts.bad(i, name, None, "the prompt is missing", "give every prompt its text")
        described[field] = spread(text)
    return _sheet(own, described, _prompt_tokens(columns, prompts))


def key_column(columns: Columns, table: Table) -> str:
    """The column of the prompt id. Raises DataError where there is none."""
    name = columns.find("prompt_id", file=table.file, existing=table.names, required=True)
    return name or ""


def unique_ids(table: Table, column: str) -> tuple[str, ...]:
    """The ids in row order. Raises BadRowError, naming both rows, where one occurs twice."""
    ids = table.key(column)
    first: dict[int, int] = {}
    for i, code in enumerate(ids.codes.tolist()):
        if code in first:
            problem = f"the prompt id stands in row {table.rows[first[code]]} already"
            raise table.bad(i, column, ids.at(i), problem, "keep one row a prompt")
        first[code] = i
    return tuple(ids.values[code] for code in first)


def spread(text: TextColumn) -> tuple[str, ...]:
    """One value a row; "" where it is missing."""
    values = (*text.values, "")
    return tuple(values[code] for code in text.codes.tolist())


def _sheet(
    ids: tuple[str, ...], fields: Mapping[str, tuple[str, ...]], input_tokens: Floats | None
) -> PromptSheet:
    blank = ("",) * len(ids)
    return PromptSheet(
        ids=ids,
        texts=fields.get("prompt", blank),
        categories=fields.get("category", blank),
        splits=fields.get("split"),
        input_tokens=input_tokens,
    )


def _places(
    columns: Columns, prompts: Table | None, outcomes: Table
) -> tuple[dict[str, str], dict[str, str]]:
    """Which column of which table holds each field: the best name wins, then the prompts table."""
    own = () if prompts is None else prompts.names
    in_prompts: dict[str, str] = {}
    in_outcomes: dict[str, str] = {}
    for field in SHEET_FIELDS:
        name = columns.first(field, [*own, *outcomes.names])
        if name is not None:
            (in_prompts if name in own else in_outcomes)[field] = name
            continue
        text_due = field == "prompt" and prompts is not None
        if columns.names(field) and (columns.chosen(field) or text_due):
            table = outcomes if prompts is None else prompts
            raise missing_column(field, columns.names(field), file=table.file, existing=table.names)
    return in_prompts, in_outcomes


def _told(table: Table, column: str, field: str, ids: TextColumn) -> tuple[str, ...]:
    """What the outcomes say about each prompt of `ids.values`."""
    text = table.text(column)
    first = np.full(len(ids.values), len(table), dtype=np.int64)
    np.minimum.at(first, ids.codes, np.arange(len(table)))
    differs = text.codes != text.codes[first][ids.codes]
    if differs.any():
        i = int(np.argmax(differs))
        row = table.rows[first[ids.codes[i]]]
        problem = f"the {field} of prompt {ids.at(i)!r} is another one in row {row}"
        remedy = f"make the rows of a prompt agree, or leave it out: columns.{field}=None"
        raise table.bad(i, column, text.at(i), problem, remedy)
    return spread(TextColumn(text.codes[first], text.values))


def _prompt_tokens(columns: Columns, prompts: Table) -> Floats | None:
    name = columns.first("input_tokens", prompts.names)
    if name is None:
        return None
    tokens = prompts.numbers(name)
    if np.isnan(tokens).all():
        return None
    wrong = ~(np.isfinite(tokens) & (tokens >= 0))
    if wrong.any():
        i = int(np.argmax(wrong))
        remedy = "correct it, or leave it out: columns.input_tokens=None"
        raise prompts.bad(i, name, float(tokens[i]), "is no number of tokens", remedy)
    return tokens
