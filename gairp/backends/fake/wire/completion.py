"""An answer cut into tokens, with the usage that will be reported; ready for any wire."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gairp.backends.fake.answer import Answer, ToolCall
from gairp.backends.fake.ask import Ask

CREATED = 1_750_000_000  #: a constant, so that answers are the same bytes each time


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What one call gives; a usage of None is not reported."""

    id: str
    model: str  #: as reported
    ask: Ask
    answer: Answer  #: as the script gave it
    tokens: Sequence[str]
    finish_reason: str
    tool_calls: tuple[ToolCall, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    embedding_size: int = 8
    usage: tuple[int, int] | None = None  #: input and output as reported

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)
