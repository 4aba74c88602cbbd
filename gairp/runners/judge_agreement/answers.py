"""The answers that are judged: as many of every model in every family."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from gairp.errors import ConfigError, DataError
from gairp.rewards.graders import Question

_PROMPT = ("prompt_id", "prompt", "answer")
_OUTCOME = ("prompt_id", "category", "model", "final", "score", "verify_vote", "verify_cost_usd")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded answer, and the grade that a program gave it."""

    question: Question
    family: str
    model: str  #: the arm that answered
    text: str  #: what was graded
    score: float
    own_opinion: float  #: the model's own vote on it, 1 for right; NaN unknown
    own_cost_usd: float  #: what that vote took


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The answers in order of family, prompt and model."""

    answers: tuple[Answer, ...]
    blank: int  #: drawn, and left out since there is nothing to judge


def sample(folder: Path, *, per_family: int, seed: int) -> Sample:
    """`per_family` prompts of each family, with the answers of every model to each of them.

    Reads outcomes.parquet and prompts.parquet of a recorded dataset. The draw depends on the seed
    and the prompts' ids alone. Raises ConfigError where a family has fewer prompts, DataError where
    the tables are not there.
    """
    import pandas as pd

    paths = [folder / name for name in ("outcomes.parquet", "prompts.parquet")]
    for path in paths:
        if not path.is_file():
            raise DataError(f"no table at {path}; set runner.data to a recorded dataset")
    outcomes = pd.read_parquet(paths[0], columns=list(_OUTCOME))
    prompts = pd.read_parquet(paths[1], columns=list(_PROMPT))
    table = outcomes.astype({"category": str, "model": str}).merge(prompts, on="prompt_id")
    drawn = set(_drawn(table.groupby("category")["prompt_id"].unique(), per_family, seed))
    table = table[table["prompt_id"].isin(drawn)].sort_values(["category", "prompt_id", "model"])
    answers = [_answer(row) for row in table.to_dict("records")]
    kept = tuple(answer for answer in answers if answer.text.strip())
    return Sample(answers=kept, blank=len(answers) - len(kept))


def _drawn(by_family: object, per_family: int, seed: int) -> list[str]:
    import pandas as pd

    assert isinstance(by_family, pd.Series)
    found = []
    for family, ids in sorted(by_family.items()):
        if not 1 <= per_family <= len(ids):
            raise ConfigError(
                f"runner.per_family is {per_family}; the family {family!r} has {len(ids)} prompts"
            )
        rng = np.random.default_rng([seed, *str(family).encode()])
        found += [str(name) for name in rng.choice(sorted(ids), per_family, replace=False)]
    return found


def _answer(row: dict[object, object]) -> Answer:
    fields = {str(key): value for key, value in row.items()}
    question = Question(
        id=str(fields["prompt_id"]), prompt=str(fields["prompt"]), answer=str(fields["answer"])
    )
    return Answer(
        question=question,
        family=str(fields["category"]),
        model=str(fields["model"]),
        text=str(fields["final"]),
        score=_number(fields["score"]),
        own_opinion=_number(fields["verify_vote"]),
        own_cost_usd=_number(fields["verify_cost_usd"]),
    )


def _number(value: object) -> float:
    return float("nan") if value is None else float(str(value))
