"""Texts are as alike as the angle between their vectors says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from gairp.errors import ConfigError, DatasetAbsentError
from gairp.features import MiniLM
from gairp.rewards.graders import EmbeddingSimilarity
from gairp.types import Floats
from tests.rewards.graders.asking import asked, graded, said


class Table:
    """Vectors by text."""

    def __init__(self, **vectors: list[float]) -> None:
        self.vectors = vectors

    def transform(self, texts: Sequence[str]) -> Floats:
        return np.array([self.vectors[text] for text in texts])


TABLE = Table(
    same=[2.0, 0.0], near=[3.0, 4.0], far=[0.0, 1.0], against=[-1.0, 0.0], none=[0.0, 0.0]
)


@pytest.mark.parametrize(
    ("low", "high", "threshold", "text", "quality"),
    [
        (0.0, 1.0, None, "same", 1.0),
        (0.0, 1.0, None, "near", 0.6),
        (0.0, 1.0, None, "far", 0.0),
        (0.0, 1.0, None, "against", 0.0),
        (-1.0, 1.0, None, "against", 0.0),
        (-1.0, 1.0, None, "far", 0.5),
        (0.2, 0.7, None, "near", 0.8),
        (0.2, 0.5, None, "near", 1.0),
        (0.0, 1.0, 0.59, "near", 1.0),
        (0.0, 1.0, 0.61, "near", 0.0),
    ],
)
def test_the_cosine_is_mapped(
    low: float, high: float, threshold: float | None, text: str, quality: float
) -> None:
    grader = EmbeddingSimilarity(embedder=TABLE, low=low, high=high, threshold=threshold)
    assert graded(grader, text, "same").quality == pytest.approx(quality, abs=1e-12)


def test_the_reason_is_the_cosine() -> None:
    assert graded(EmbeddingSimilarity(embedder=TABLE), "near", "same").reason == "cosine 0.6000"


def test_a_zero_vector_is_unknown_and_no_text_is_no_answer() -> None:
    grader = EmbeddingSimilarity(embedder=TABLE)
    assert graded(grader, "none", "same").status == "failed"
    assert graded(grader, " ", "same").status == "no_answer"


def test_the_bounds_are_in_order() -> None:
    with pytest.raises(ConfigError, match=r"grader\.low is 0\.8 and grader\.high 0\.2"):
        EmbeddingSimilarity(embedder=TABLE, low=0.8, high=0.2)


def test_sentences_with_one_meaning_are_nearer_than_others() -> None:
    grader = EmbeddingSimilarity(embedder=MiniLM())
    reference = "The meeting was moved to Friday because the manager is ill."

    async def qualities() -> list[float]:
        texts = (
            "As the boss is sick, they will meet on Friday instead.",
            "The recipe needs two eggs and a cup of flour.",
        )
        return [(await grader.grade(asked(reference), said(text))).quality for text in texts]

    try:
        near, far = asyncio.run(qualities())
    except DatasetAbsentError as error:
        pytest.skip(str(error))
    assert near > 0.6 > 0.2 > far
