"""One piece of feedback under way, and the models that it passes through."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gairp.backends.recorded import RecordedPrompt
from gairp.replay.scenario.stage import Stage
from gairp.rng import DecisionRng
from gairp.types import Outcome


@dataclass(slots=True)
class Told:
    """Begins as the truth; `quality` and `delay_s` become what the policy is told, and when."""

    arms: tuple[str, ...]  #: the columns of the tables
    column: int  #: of the arm that answered
    prompt: RecordedPrompt  #: with what every arm would have answered
    outcome: Outcome
    quality: float
    delay_s: float = 0.0
    lost: bool = False  #: it never comes

    @property
    def arm(self) -> str:
        """The arm that answered."""
        return self.arms[self.column]

    @property
    def sent_at(self) -> float:
        """Virtual seconds at which it would arrive as things stand."""
        return self.outcome.completed_at + self.delay_s


@dataclass(frozen=True, kw_only=True)
class FeedbackModel(ABC):  # noqa: B024
    """Corrupts, delays or loses feedback; the report knows the truth all the same."""

    def bound(self, stage: Stage) -> Self:
        """With arms in place of roles."""
        return self

    @property
    def delays(self) -> bool:
        """Whether feedback may come later than the answer."""
        return False

    def pass_on(self, told: Told, rng: DecisionRng) -> None:
        """Change one piece; `rng` is its own, whichever policy is told."""


class Channel:
    """All models in turn; a piece that one of them loses goes no further."""

    def __init__(self, models: Sequence[FeedbackModel], stage: Stage, *, seed: int) -> None:
        self.models = tuple(model.bound(stage) for model in models)
        self.seed = seed

    @property
    def delays(self) -> bool:
        """Whether feedback may come later than the answer."""
        return any(model.delays for model in self.models)

    def send(self, told: Told) -> Told:
        """What the policy is told in the end, in [0, 1]."""
        what = f"{told.prompt.request_id}/{told.arm}"
        for number, model in enumerate(self.models):
            model.pass_on(told, DecisionRng(self.seed, f"feedback{number}/{what}"))
            if told.lost:
                return told
        if not 0.0 <= told.quality <= 1.0:
            told.quality = min(max(told.quality, 0.0), 1.0)
        return told
