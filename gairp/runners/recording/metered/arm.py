"""One arm of a recording: a model, a way of asking it, and the signals to take."""

from __future__ import annotations

from gairp.backends.recipe import Recipe


class RecordedArm:
    """`model` names one of the recording's servers; `samples` is k of the agreement signal."""

    def __init__(self, *, model: str, recipe: Recipe, samples: int = 3) -> None:
        self.model, self.recipe, self.samples = model, recipe, samples

    def settings(self) -> dict[str, object]:
        """All that decides what this arm answers, for the journal's fingerprint."""
        return {
            "model": self.model,
            "recipe": type(self.recipe).__name__,
            "options": dict(sorted(vars(self.recipe).items())),
            "samples": self.samples,
        }
