"""Short ways to grade a text in a test."""

from __future__ import annotations

import asyncio

from gairp.rewards.graders import Grade, Grader, Question
from gairp.types import Response


def asked(answer: str | None = None, grader: str = "", prompt: str = "What?") -> Question:
    return Question(id="q-1", prompt=prompt, answer=answer, grader=grader)


def said(text: str) -> Response:
    return Response(model="m", content=text)


def graded(grader: Grader, text: str, answer: str | None = None) -> Grade:
    return asyncio.run(grader.grade(asked(answer), said(text)))
