"""How often a model, asked again, says the same: the signal that self-consistency reads."""

from __future__ import annotations

from collections.abc import Sequence

from gairp.errors import ConfigError
from gairp.rewards.graders import get_grader
from gairp.runners.live.question import LiveQuestion


def normal_form(question: LiveQuestion, response: str) -> str:
    """The answer that the question's own grader extracts; where it has none, the words."""
    try:
        return get_grader(question.grader).extract(response)
    except ConfigError:  # a judge, say, or a grader of one's own
        return " ".join(response.casefold().split())


def share_of(own: str, others: Sequence[str]) -> float:
    """Share of the answers that equal `own`, all in normal form; 0 where there is no own answer."""
    return sum(bool(own) and other == own for other in others) / len(others)
