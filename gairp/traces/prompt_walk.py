"""Prompts looked up in a file that stands in about the same order as the outcomes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from gairp.errors import DataError
from gairp.traces.columns import Columns
from gairp.traces.files import iter_tables
from gairp.traces.sheet import make_sheet
from gairp.traces.table import TextColumn


@dataclass(frozen=True, slots=True)
class PromptEntry:
    """What the prompts table says about one prompt; None where it lacks the column."""

    prompt_id: str
    prompt: str
    category: str | None
    split: str | None
    input_tokens: float | None


class PromptWalk:
    """Walks a prompts table once, forwards, beside the outcomes.

    Entries that are passed over are kept for later, at most `lookahead` of them, the oldest
    forgotten first: two files in the same order need none, two small files may differ in order.
    """

    def __init__(
        self, file: str, columns: Columns, *, batch_rows: int = 8192, lookahead: int = 50_000
    ) -> None:
        self._file, self._columns, self._lookahead = file, columns, lookahead
        self._entries = self._walk(batch_rows)
        self._passed: OrderedDict[str, PromptEntry] = OrderedDict()

    def find(self, prompt_id: str) -> PromptEntry:
        """The entry of this prompt. Raises DataError where it is absent or too far away."""
        if prompt_id in self._passed:
            return self._passed.pop(prompt_id)
        for entry in self._entries:
            if entry.prompt_id == prompt_id:
                return entry
            self._passed[entry.prompt_id] = entry
            if len(self._passed) > self._lookahead:
                self._passed.popitem(last=False)
        raise DataError(
            f"{self._file}: the prompt {prompt_id!r} of the outcomes is not there, or over "
            f"{self._lookahead:,} prompts before its turn; add it, or sort both files by prompt id"
        )

    def _walk(self, batch_rows: int) -> Iterator[PromptEntry]:
        wanted = {name for f in self._columns.fields() for name in self._columns.names(f)}
        for table in iter_tables(self._file, wanted.__contains__, batch_rows=batch_rows):
            sheet = make_sheet(self._columns, table, table, TextColumn(table.rows[:0], ()))
            categories = self._columns.first("category", table.names) is not None
            for i, prompt_id in enumerate(sheet.ids):
                tokens = None if sheet.input_tokens is None else float(sheet.input_tokens[i])
                yield PromptEntry(
                    prompt_id=prompt_id,
                    prompt=sheet.texts[i],
                    category=sheet.categories[i] if categories else None,
                    split=None if sheet.splits is None else sheet.splits[i],
                    input_tokens=tokens,
                )
