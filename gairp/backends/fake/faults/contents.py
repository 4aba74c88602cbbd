"""Answers that come well, and are not true."""

from __future__ import annotations

from typing import Literal

import msgspec

from gairp.backends.fake.ask import Ask
from gairp.backends.fake.faults.base import Fault
from gairp.backends.fake.wire.completion import Completion


class WrongUsage(Fault, kw_only=True):
    """The reported usage is not that of the call."""

    usage: Literal["zero", "negative", "doubled", "missing"] = "zero"
    example = "{kind: wrong_usage, usage: doubled}"

    def reword(self, completion: Completion) -> Completion:
        """Another report; what is billed stays."""
        prompt, answer = completion.input_tokens, completion.output_tokens
        report = {"zero": (0, 0), "negative": (-1, -1), "doubled": (2 * prompt, 2 * answer)}
        return msgspec.structs.replace(completion, usage=report.get(self.usage))


class MissingUsage(Fault):
    """No usage is reported, though it was asked for."""

    example = "{kind: missing_usage}"

    def reword(self, completion: Completion) -> Completion:
        """Without a report."""
        return msgspec.structs.replace(completion, usage=None)


class OtherModel(Fault, kw_only=True):
    """Another model answers than was asked, and says so."""

    answers_as: str = "another-model"
    example = "{kind: other_model, answers_as: small-2026, when: every 3}"

    def reword(self, completion: Completion) -> Completion:
        """With the other's name."""
        return msgspec.structs.replace(completion, model=self.answers_as)


class IgnoredMaxTokens(Fault):
    """The limit of length that was asked for is not kept."""

    example = "{kind: ignored_max_tokens}"

    def reask(self, ask: Ask) -> None:
        """The model never hears of the limit."""
        ask.max_tokens = None
