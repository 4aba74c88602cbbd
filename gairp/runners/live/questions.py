"""Questions from a table: Parquet, CSV or JSON Lines, one row a question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gairp.errors import BadRowError, ConfigError, DataError
from gairp.runners.live.question import LiveQuestion

if TYPE_CHECKING:
    import pandas as pd

Examples = Callable[[str], tuple[tuple[str, str], ...]]

#: Field of a question -> the columns that may hold it, best first.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("prompt_id", "id"),
    "text": ("prompt", "question", "text"),
    "category": ("category", "dataset"),
    "answer": ("answer", "reference"),
    "grader": ("grader",),
    "messages": ("messages",),
    "params": ("params",),
    "fields": ("fields",),
    "difficulty": ("difficulty",),
}


def read_questions(path: Path, *, examples: Examples | None = None) -> list[LiveQuestion]:
    """Every question of a table, in its order.

    Columns: `prompt_id` and `prompt` (or `messages`, a JSON list of chat messages), and, where
    there are, `category`, `answer`, `grader`, `difficulty`, `params` (a JSON object of request
    fields, such as tools) and `fields` (one of texts that recipes' templates name).
    Raises DataError for a table that lacks the first two, BadRowError for a bad row.
    """
    table = _read(path)
    found = {field: _column(table, names) for field, names in COLUMNS.items()}
    if found["id"] is None or (found["text"] is None and found["messages"] is None):
        raise DataError(
            f"{path}: a table of questions needs the columns prompt_id and prompt (or messages); "
            f"it has: {', '.join(map(str, table.columns))}"
        )
    rows = table.to_dict("records")
    questions = [_question(_Row(path, i, row, found), examples) for i, row in enumerate(rows)]
    _check_unique(path, questions)
    return questions


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    readers: dict[str, Callable[[], pd.DataFrame]] = {
        ".parquet": lambda: pd.read_parquet(path),
        ".csv": lambda: pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""]),
        ".jsonl": lambda: pd.DataFrame(_lines(path)),
    }
    if not path.is_file():
        raise ConfigError(f"trace.prompts: there is no file {path}")
    if path.suffix not in readers:
        raise ConfigError(f"trace.prompts: {path} is none of {', '.join(readers)}")
    try:
        return readers[path.suffix]()
    except (ValueError, OSError) as error:
        raise DataError(f"{path} could not be read: {error}; is it whole?") from error


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _column(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in table.columns), None)


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table, by the fields of a question."""

    path: Path
    index: int
    values: Mapping[Any, Any]
    found: Mapping[str, str | None]  #: field -> column

    def text(self, field: str) -> str:
        value = self._value(field)
        return "" if value is None or value != value else str(value)

    def parsed(self, field: str, kind: type) -> Any:
        """What the JSON of a field says, or nothing of that kind."""
        value = self._value(field)
        if value is None or (isinstance(value, float) and value != value) or value == "":
            return kind()
        try:
            whole = json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError:
            whole = None
        if not isinstance(whole, kind):
            what = "list" if kind is list else "object"
            raise self.bad(field, value, f"is no JSON {what}", "mend the row")
        return whole

    def bad(self, field: str, value: object, problem: str, remedy: str) -> BadRowError:
        return BadRowError(
            file=str(self.path), row=self.index + 1, column=self.found[field] or field,
            value=value, problem=problem, remedy=remedy,
        )  # fmt: skip

    def _value(self, field: str) -> Any:
        column = self.found[field]
        return None if column is None else self.values[column]


def _question(row: _Row, examples: Examples | None) -> LiveQuestion:
    messages, category = tuple(row.parsed("messages", list)), row.text("category")
    said = row.text("text") or "\n".join(str(message.get("content", "")) for message in messages)
    for field, value in (("id", row.text("id")), ("text", said)):
        if not value:
            raise row.bad(field, value, "is empty", "give every question an id and a text")
    return LiveQuestion(
        row=row.index,
        id=row.text("id"),
        text=said,
        category=category,
        answer=row.text("answer") or None,
        grader=row.text("grader"),
        messages=messages,
        params=row.parsed("params", dict),
        examples=() if examples is None else examples(category),
        fields={str(name): str(value) for name, value in row.parsed("fields", dict).items()},
        difficulty=_whole(row.text("difficulty")),
    )


def _whole(text: str) -> int | None:
    """A difficulty that is a number; one in words is no business of ours."""
    return int(float(text)) if text.replace(".0", "").isdecimal() else None


def _check_unique(path: Path, questions: list[LiveQuestion]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise BadRowError(
                file=str(path), row=question.row + 1, column="prompt_id", value=question.id,
                problem="occurs twice", remedy="give every question an id of its own",
            )  # fmt: skip
        seen.add(question.id)
