"""Questions of the project's own generators, as a recording asks them."""

from __future__ import annotations

from collections.abc import Sequence

from gairp.runners.live.question import LiveQuestion
from gairp.traces.tasks import Task, generate_all


class Generated:
    """`per_family` questions of each family (all by default), made from `seed`.

    A template may name the fields `question` and `hint`, the bare question and the wanted form of
    its answer; a direct answer has as many tokens as its family gives it.
    """

    def __init__(
        self, *, seed: int = 7, per_family: int = 66, families: Sequence[str] | None = None
    ) -> None:
        self.seed, self.per_family, self.families = seed, per_family, families

    def __call__(self) -> list[LiveQuestion]:
        """All of them, family after family."""
        tasks = generate_all(seed=self.seed, per_family=self.per_family, names=self.families)
        return [_question(row, task) for row, task in enumerate(tasks)]


def _question(row: int, task: Task) -> LiveQuestion:
    return LiveQuestion(
        row=row,
        id=task.id,
        text=task.prompt,
        category=task.family,
        difficulty=task.difficulty,
        answer=task.answer,
        grader=task.grader,
        params={"max_tokens": task.max_tokens},
        examples=tuple((shot.prompt, shot.answer) for shot in task.shots),
        fields={"question": task.question, "hint": task.hint},
    )
