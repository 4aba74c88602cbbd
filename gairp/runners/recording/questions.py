"""Which questions are asked, and in what order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gairp.errors import ConfigError, DataError
from gairp.runners.live.material import build_examples, question_table
from gairp.runners.live.question import LiveQuestion
from gairp.runners.live.questions import read_questions
from gairp.runners.live.settings import LiveSettings


def load_questions(trace: Mapping[str, Any], live: LiveSettings) -> list[LiveQuestion]:
    """Every question of the table that the section `trace` names, in its order."""
    path = question_table(trace)
    questions = read_questions(path, examples=build_examples(live.examples))
    if not questions:
        raise DataError(f"{path}: there is no question to ask: the table is empty")
    return questions


def choose(questions: list[LiveQuestion], count: int | None, *, seed: int) -> list[LiveQuestion]:
    """The first `count` of a seeded order: a larger count goes on where a smaller one ended."""
    if count is not None and count > len(questions):
        raise ConfigError(f"live.count is {count}, but there are {len(questions)} questions")
    order = np.random.default_rng([seed, 4]).permutation(len(questions))
    return [questions[i] for i in order[:count]]
