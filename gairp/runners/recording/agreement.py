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


def agreement(question: LiveQuestion, responses: Sequence[str]) -> float:
    """Share of the further responses whose answer is that of the first; 0 where that has none.

    responses: two or more, the arm's own first.
    """
    own, *others = (normal_form(question, response) for response in responses)
    return sum(bool(own) and other == own for other in others) / len(others)
