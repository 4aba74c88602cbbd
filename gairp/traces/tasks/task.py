"""One question with one right answer that a program can check."""

from __future__ import annotations

import msgspec


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """A worked example for few-shot prompts: the question as asked, and its right answer."""

    prompt: str
    answer: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A generated question.

    `difficulty` is 1 (easy), 2 or 3. `grader` names a grader and, after a colon, its labels
    (`choice:yes|no`). `max_tokens` bounds a direct answer. `shots` are four worked examples that
    are never asked themselves.
    """

    id: str
    family: str
    difficulty: int
    question: str
    hint: str
    answer: str
    grader: str
    max_tokens: int
    shots: tuple[Shot, ...] = ()

    @property
    def prompt(self) -> str:
        """The question as a user would type it, with the wanted form of the answer."""
        return compose(self.question, self.hint)


def compose(question: str, hint: str) -> str:
    """Question and wanted form of the answer, as one user message."""
    return f"{question}\nAnswer with {hint} only."
