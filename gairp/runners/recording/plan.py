"""What is to be recorded: every question, every arm, every sample, by content."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from gairp.backends.cached import content_key
from gairp.runners.live.question import LiveQuestion
from gairp.types import Arm, Request

LEARNER = "recording"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that is wanted. Pairs with the same key are answered by one and the same call."""

    question: LiveQuestion
    arm: str
    number: int  #: among the pairs of its question
    sample: int = 0  #: 0: the answer that is graded as the arm's own
    key: str


class Plan:
    """Questions in the order in which they are asked, each of all arms before the next.

    The key of a pair is a digest of the arm's name and of all that is sent: the composed body and
    the name of the backend. What the backend adds by itself (its address, the file of its weights)
    is not in it.
    """

    def __init__(
        self,
        *,
        questions: Sequence[LiveQuestion],
        arms: Mapping[str, Arm],
        samples: int = 1,
        sample_params: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        """Sample s > 0 is asked with `sample_params` and the seed `seed` + s."""
        self.questions, self.arms, self.samples = tuple(questions), arms, samples
        self._sample_params, self._seed = dict(sample_params or {}), seed
        self._pairs = {q.id: self._pairs_of(q) for q in self.questions}

    def of(self, question: LiveQuestion) -> tuple[Pair, ...]:
        """The pairs of one question: arm by arm, sample by sample."""
        return self._pairs[question.id]

    @property
    def pairs(self) -> list[Pair]:
        """All pairs, question by question."""
        return [pair for question in self.questions for pair in self.of(question)]

    def request(self, pair: Pair, process: int, now: float = 0.0) -> Request:
        """The request of a pair; `process` keeps the ids of resumed recordings apart."""
        request = self._sampled(pair.question, pair.sample, now)
        return msgspec.structs.replace(
            request,
            id=f"{request.id}~{process}" if process else request.id,
            tags={**request.tags, "key": pair.key, "subject": subject(pair.question)},
        )

    def _pairs_of(self, question: LiveQuestion) -> tuple[Pair, ...]:
        wanted = [(name, sample) for name in self.arms for sample in range(self.samples)]
        return tuple(
            Pair(
                question=question, arm=name, number=number, sample=sample,
                key=self._key(question, name, sample),
            )
            for number, (name, sample) in enumerate(wanted)
        )  # fmt: skip

    def _key(self, question: LiveQuestion, name: str, sample: int) -> str:
        content = content_key(self._sampled(question, sample, 0.0), self.arms[name])
        return blake2b(name.encode() + b"\0" + content, digest_size=16).hexdigest()

    def _sampled(self, question: LiveQuestion, sample: int, now: float) -> Request:
        request = question.request(LEARNER, now)
        if not sample:
            return request
        own = {**self._sample_params, "seed": self._seed + sample}
        return msgspec.structs.replace(request, params={**request.params, **own})


def subject(question: LiveQuestion) -> str:
    """A digest of what a grader reads of a question: equal ones share a grade."""
    parts = (question.text, question.answer, question.grader)
    return blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest()
