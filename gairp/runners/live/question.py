"""One question that is served live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gairp.rewards.graders import Question
from gairp.types import Request


class LiveQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question, its text for features and duplicates, and what a grader compares with."""

    row: int  #: among the served, in the order of service
    id: str
    text: str
    category: str = ""
    answer: str | None = None
    grader: str = ""
    messages: tuple[Mapping[str, Any], ...] = ()  #: empty: the text as one user message
    params: Mapping[str, Any] = {}
    examples: tuple[tuple[str, str], ...] = ()
    fields: Mapping[str, str] = {}  #: named texts for the templates of recipes
    difficulty: int | None = None

    def request(self, learner: str, arrived_at: float) -> Request:
        """The request that one learner makes of it; its id is unique in the run."""
        return Request(
            id=f"{learner}/{self.id}",
            messages=self.messages or ({"role": "user", "content": self.text},),
            params=self.params,
            arrived_at=arrived_at,
            tags={"category": self.category, "question": self.id},
            examples=self.examples,
            fields=self.fields,
        )

    def for_grader(self) -> Question:
        """What a grader needs of it."""
        return Question(id=self.id, prompt=self.text, answer=self.answer, grader=self.grader)
