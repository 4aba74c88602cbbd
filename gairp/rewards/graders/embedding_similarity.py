"""How near the response is in meaning to a reference text."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from gairp.errors import ConfigError
from gairp.rewards.graders.base import BaseGrader
from gairp.rewards.graders.grade import Grade, Question, unknown
from gairp.types import Floats


class Embedder(Protocol):
    """Texts [n] to vectors [n, d], such as `gairp.features.MiniLM`."""

    def transform(self, texts: Sequence[str]) -> Floats: ...


class EmbeddingSimilarity(BaseGrader):
    """The cosine of the embeddings of response and answer, mapped from [low, high] to [0, 1].

    With `threshold` the quality is 1 from that cosine on, and 0 below. Any two English sentences
    have a cosine above 0, and a sentence is near its own negation: right for paraphrases of a
    text, wrong for facts and numbers.

    Raises ConfigError where low is not below high.
    """

    name: ClassVar[str] = "embedding_similarity"

    def __init__(
        self,
        *,
        embedder: Embedder,
        low: float = 0.0,
        high: float = 1.0,
        threshold: float | None = None,
    ) -> None:
        if not low < high:
            raise ConfigError(f"grader.low is {low} and grader.high {high}; low must be below high")
        self.embedder, self.low, self.high, self.threshold = embedder, low, high, threshold

    async def _grade(self, question: Question, text: str) -> Grade:
        if not text.strip():
            return Grade(quality=0.0, status="no_answer", reason="the response is empty")
        vectors = await asyncio.to_thread(self.embedder.transform, [text, question.answer or ""])
        cosine = _cosine(np.asarray(vectors, dtype=np.float64))
        if np.isnan(cosine):
            return unknown("the embedding of the response or of the answer is zero")
        return Grade(quality=self._quality(cosine), extracted=text, reason=f"cosine {cosine:.4f}")

    def _quality(self, cosine: float) -> float:
        if self.threshold is not None:
            return float(cosine >= self.threshold)
        return float(np.clip((cosine - self.low) / (self.high - self.low), 0.0, 1.0))


def _cosine(vectors: Floats) -> float:
    """Of two rows; NaN where one is zero."""
    lengths = np.sqrt((vectors**2).sum(axis=1))
    if not lengths.all():
        return float("nan")
    return float(vectors[0] @ vectors[1] / (lengths[0] * lengths[1]))
