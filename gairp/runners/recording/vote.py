"""What a model thinks of its own answer: the signal that self-verification reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """`recording.vote`: each arm is asked whether the answer it gave is right, by one token."""

    ask: str = "Is that answer correct? Reply with yes or no only."
    params: Mapping[str, Any] = field(default_factory=dict)  #: request fields over those below

    @property
    def fields(self) -> dict[str, Any]:
        """All request fields: a token, with the candidates for it and their probabilities."""
        return {"max_tokens": 1, "logprobs": True, "top_logprobs": 20, **self.params}
