"""Whether every question can be graded, asked before money is spent on answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gairp.rewards.graders import Grader
from gairp.runners.live.question import LiveQuestion
from gairp.types import Failure, Response

_FAILED = Response(
    model="", finish_reason="", error=Failure(kind="not_recorded", message="never asked")
)


async def require_gradable(config: Mapping[str, Any], questions: Sequence[LiveQuestion]) -> None:
    """Raise what the grader raises for a question without grader or answer.

    A failed response is never graded, but the question is looked at before that.
    """
    from hydra.utils import instantiate

    grader: Grader = instantiate(dict(config), _convert_="object")
    try:
        for question in questions:
            await grader.grade(question.for_grader(), _FAILED)
    finally:
        await grader.aclose()
