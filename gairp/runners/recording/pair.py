"""One call that a recording wants."""

from __future__ import annotations

from typing import Literal

import msgspec

from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.closing import Closing

Step = Literal["answer", "closing", "vote"]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A call to an arm about a question. Pairs with the same key are made as one call.

    An `answer` opens a conversation; a `closing`, made only where the answer lacks one, and a
    `vote` go on with the conversation of their `root`.
    """

    question: LiveQuestion
    arm: str
    number: int = 0  #: among the pairs of its question
    sample: int = 0  #: 0: the answer that is graded as the arm's own
    step: Step = "answer"
    key: str
    root: str  #: the key of the answer; of an answer its own
    closing: Closing | None = None  #: how the arm's conversations are closed, where they must be
    closed_by: str = ""  #: the key of that closing
