"""What is to be recorded: every question, every arm, every sample, by content."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from gairp.backends.cached import content_key
from gairp.backends.openai.compose import compose, conversation, filled
from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.closing import closing_of
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.vote import Vote
from gairp.types import Arm, Request

LEARNER = "recording"
#: What is not yet said is taken to have so many bytes a token, for what a later turn may cost.
_BYTES_A_TOKEN = 16


class Plan:
    """Questions in the order in which they are asked, each of all arms before the next.

    The key of an answer is a digest of the arm's name and of all that is sent: the composed body
    and the name of the backend. What the backend adds by itself (its address, the file of its
    weights) is not in it. The key of a further turn is one of the answer's and of what it asks.
    """

    def __init__(
        self,
        *,
        questions: Sequence[LiveQuestion],
        arms: Mapping[str, Arm],
        samples: int = 1,
        samples_of: Mapping[str, int] | None = None,
        sample_params: Mapping[str, Any] | None = None,
        vote: Vote | None = None,
        seed: int = 0,
    ) -> None:
        """`samples` answers a pair, but `samples_of` an arm; sample s > 0 is asked with
        `sample_params` and a seed of its own. `vote` follows the first.

        Were the seeds of all prompts the same few, so would be the draws behind all samples, and
        agreement over a whole recording would hang on the luck of these.
        """
        self.questions, self.arms, self.vote = tuple(questions), arms, vote
        self._samples = {name: (samples_of or {}).get(name, samples) for name in arms}
        self._sample_params, self._seed = dict(sample_params or {}), seed
        self._closings = {name: closing_of(arm) for name, arm in arms.items()}
        self._pairs = {q.id: self._pairs_of(q) for q in self.questions}

    def of(self, question: LiveQuestion) -> tuple[Pair, ...]:
        """The pairs of one question: arm by arm, sample by sample, turn by turn."""
        return self._pairs[question.id]

    def answers(self, question: LiveQuestion) -> list[Pair]:
        """Of these, the ones that open a conversation and are graded."""
        return [pair for pair in self.of(question) if pair.step == "answer"]

    @property
    def pairs(self) -> list[Pair]:
        """All pairs, question by question."""
        return [pair for question in self.questions for pair in self.of(question)]

    def request(
        self, pair: Pair, process: int, now: float = 0.0, *, said: Sequence[str] = ()
    ) -> Request:
        """The request of a pair; `process` keeps the ids of resumed recordings apart.

        `said`: the texts of the earlier turns; without them the request is one that no real one
        will exceed, unless a model makes tokens of more than 16 bytes on average.
        """
        request = self._first(pair.question, pair.arm, pair.sample, now)
        if pair.step != "answer":
            request = self._further(request, pair, said or self._unsaid(request, pair))
        return msgspec.structs.replace(
            request,
            id=f"{request.id}~{process}" if process else request.id,
            tags={**request.tags, "key": pair.key, "subject": subject(pair.question)},
        )

    # -- pairs ------------------------------------------------------------------------------

    def _pairs_of(self, question: LiveQuestion) -> tuple[Pair, ...]:
        turns = [
            turn
            for name in self.arms
            for sample in range(self._samples[name])
            for turn in self._turns(question, name, sample)
        ]
        return tuple(msgspec.structs.replace(turn, number=i) for i, turn in enumerate(turns))

    def _turns(self, question: LiveQuestion, name: str, sample: int) -> list[Pair]:
        content = content_key(self._first(question, name, sample, 0.0), self.arms[name])
        root, closing = _digest(name.encode(), content), self._closings[name]
        closed_by = ""
        if closing is not None:
            asked = [filled(closing.ask, question.fields), {**question.params, **closing.params}]
            closed_by = _digest(root.encode(), _json("closing", closing.marker, *asked))
        own = Pair(
            question=question, arm=name, sample=sample, key=root, root=root, closing=closing,
            closed_by=closed_by,
        )  # fmt: skip
        turns = [own]
        if closing is not None:
            turns.append(msgspec.structs.replace(own, step="closing", key=closed_by))
        if self.vote is not None and not sample:
            asked_too = _json("vote", closed_by, self.vote.ask, self.vote.fields)
            key = _digest(root.encode(), asked_too)
            turns.append(msgspec.structs.replace(own, step="vote", key=key))
        return turns

    # -- requests ---------------------------------------------------------------------------

    def _first(self, question: LiveQuestion, name: str, sample: int, now: float) -> Request:
        request, closing = question.request(LEARNER, now), self._closings[name]
        working = {} if closing is None else closing.working
        request = msgspec.structs.replace(request, params={**request.params, **working})
        if not sample:
            return request
        own = {**self._sample_params, "seed": self._seed_of(request, name, sample)}
        return msgspec.structs.replace(request, params={**request.params, **own})

    def _seed_of(self, request: Request, name: str, sample: int) -> int:
        """31 bits of what is asked, of whom and how often: the same on every machine."""
        own = _digest(name.encode(), content_key(request, self.arms[name]))
        digest = blake2b(f"{self._seed}:{own}:{sample}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big") >> 1

    def _further(self, first: Request, pair: Pair, said: Sequence[str]) -> Request:
        fields, asked = pair.question.fields, list[str]()
        if pair.closing is not None and (pair.step == "closing" or len(said) > 1):
            asked.append(filled(pair.closing.ask, fields))
        if pair.step == "closing":
            assert pair.closing is not None, "a closing is of an arm that has one"
            params = pair.closing.params
        else:
            assert self.vote is not None, "a vote is of a plan that has one"
            asked.append(filled(self.vote.ask, fields))
            params = self.vote.fields
        messages = conversation(first, self.arms[pair.arm])
        for text, question in zip(said, asked, strict=True):
            messages.append({"role": "assistant", "content": text})
            messages.append({"role": "user", "content": question})
        return msgspec.structs.replace(
            first, messages=tuple(messages), params={**pair.question.params, **params},
            continued=True,
        )  # fmt: skip

    def _unsaid(self, first: Request, pair: Pair) -> list[str]:
        """Texts as long as the earlier turns can be."""
        limit = compose(first, self.arms[pair.arm]).get("max_tokens") or 0
        turns = 2 if pair.step == "vote" and pair.closing is not None else 1
        return ["x" * (_BYTES_A_TOKEN * int(limit))] * turns


def subject(question: LiveQuestion) -> str:
    """A digest of what a grader reads of a question: equal ones share a grade."""
    parts = (question.text, question.answer, question.grader)
    return blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest()


def _json(*parts: Any) -> bytes:
    return json.dumps(parts, sort_keys=True).encode()


def _digest(first: bytes, second: bytes) -> str:
    return blake2b(first + b"\0" + second, digest_size=16).hexdigest()
