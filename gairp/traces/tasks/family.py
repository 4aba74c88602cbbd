"""What all task families share: seeded, repeatable, unique questions of three difficulties."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import ClassVar

import msgspec

from gairp.errors import DataError
from gairp.traces.tasks.task import Shot, Task, compose

SHOTS = 4
_TRIES = 2000


class Item(msgspec.Struct, frozen=True):
    """What a family's hook returns: the bare question and its answer.

    `hint` and `grader` override the family's own where one question needs another form.
    """

    question: str
    answer: str
    hint: str | None = None
    grader: str | None = None


class Family(ABC):
    """One kind of question; a subclass writes `_item`.

    The base class owns the invariants: texts are unique, difficulties alternate 1, 2, 3, worked
    examples are never asked, and the first n tasks of a longer list are the tasks of a shorter one.
    """

    name: ClassVar[str]
    hint: ClassVar[str]
    grader: ClassVar[str]
    max_tokens: ClassVar[int] = 16

    @abstractmethod
    def _item(self, rng: random.Random, difficulty: int) -> Item:
        """One question of this difficulty, drawn from `rng` alone."""

    def generate(self, seed: int, count: int) -> list[Task]:
        """`count` unique tasks; the same seed gives the same tasks.

        Raises DataError where the family cannot make that many different questions.
        """
        rng = random.Random(f"{self.name}:{seed}")
        seen: set[str] = set()
        shots = tuple(self._shot(rng, 1 + i % 3, seen) for i in range(SHOTS))
        return [self._task(rng, i, seen, shots) for i in range(count)]

    def _shot(self, rng: random.Random, difficulty: int, seen: set[str]) -> Shot:
        item = self._fresh(rng, difficulty, seen)
        return Shot(prompt=compose(item.question, item.hint or self.hint), answer=item.answer)

    def _task(
        self, rng: random.Random, index: int, seen: set[str], shots: tuple[Shot, ...]
    ) -> Task:
        difficulty = 1 + index % 3
        item = self._fresh(rng, difficulty, seen)
        return Task(
            id=f"{self.name}-{index:04d}",
            family=self.name,
            difficulty=difficulty,
            question=item.question,
            hint=item.hint or self.hint,
            answer=item.answer,
            grader=item.grader or self.grader,
            max_tokens=self.max_tokens,
            shots=shots,
        )

    def _fresh(self, rng: random.Random, difficulty: int, seen: set[str]) -> Item:
        for _ in range(_TRIES):
            item = self._item(rng, difficulty)
            if item.question not in seen:
                seen.add(item.question)
                return item
        raise DataError(
            f"task family {self.name!r}, difficulty {difficulty}: no new question after {_TRIES} "
            f"draws ({len(seen)} made); ask for fewer tasks of this family"
        )
