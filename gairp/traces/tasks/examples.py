"""Worked examples of each task family, for few-shot arms."""

from __future__ import annotations

from gairp.traces.tasks import families


class FamilyExamples:
    """Category -> (question, answer) pairs that are never asked themselves.

    `seed` is the one that the questions were generated with: the examples are those of the same
    generation.
    """

    def __init__(self, *, seed: int = 7) -> None:
        self.seed = seed
        self._families = families()
        self._known: dict[str, tuple[tuple[str, str], ...]] = {}

    def __call__(self, category: str) -> tuple[tuple[str, str], ...]:
        """The examples of one family; none for a category that is no family."""
        if category not in self._families:
            return ()
        if category not in self._known:
            task = self._families[category].generate(self.seed, 1)[0]
            self._known[category] = tuple((shot.prompt, shot.answer) for shot in task.shots)
        return self._known[category]
