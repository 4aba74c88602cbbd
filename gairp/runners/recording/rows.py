"""From what was recorded to the rows of the two tables, and to what is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gairp.records.events import Settled
from gairp.routing.costing import Costing
from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.agreement import normal_form, share_of
from gairp.runners.recording.answer import Answer
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.recorded import Recorded

Row = dict[str, Any]
#: Signals that are told of a whole answer in another way, or not at all.
_NOT_AS_THEY_ARE = frozenset(
    {"compute_s", "load_average", "p_yes", "cached_first_token_s", "cached_latency_s"}
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A pair that is not in the tables, and why."""

    prompt_id: str
    arm: str
    sample: int
    why: str


class Rows:
    """Reads a recorded plan; `left` says of keys why they were not asked."""

    def __init__(
        self,
        *,
        plan: Plan,
        recorded: Recorded,
        costing: Costing,
        dataset: str,
        left: Mapping[str, str] | None = None,
    ) -> None:
        self.plan, self.recorded, self.costing = plan, recorded, costing
        self.dataset, self._left = dataset, left or {}

    def missing(self) -> list[Missing]:
        """Every pair without a graded answer or a vote, in the order of the plan.

        What would have gone on with an answer that is not there is not told of.
        """
        return [
            Missing(pair.question.id, pair.arm, pair.sample, self._why(pair))
            for pair in self.plan.pairs
            if not self._there(pair)
            and (pair.step == "answer" or self.recorded.answer(pair) is not None)
        ]

    def questions(self, *, incomplete: bool = False) -> list[LiveQuestion]:
        """Those with a row for every arm, or (`incomplete`) for any, sorted by id."""
        enough = any if incomplete else all
        kept = [q for q in self.plan.questions if enough(map(self._has, self._by_arm(q).values()))]
        return sorted(kept, key=lambda question: question.id)

    def outcomes(self, questions: list[LiveQuestion]) -> list[Row]:
        """One row for each arm that answered, arms sorted within a question."""
        return [
            self._outcome(question, arm, pairs)
            for question in questions
            for arm, pairs in sorted(self._by_arm(question).items())
            if self._has(pairs)
        ]

    def prompts(self, questions: list[LiveQuestion]) -> list[Row]:
        """One row a question, with all that asking it again takes."""
        return [
            {
                "prompt_id": question.id,
                "dataset": self.dataset,
                "category": question.category,
                "difficulty": question.difficulty,
                "prompt": question.text,
                "answer": question.answer,
                "grader": question.grader,
                "messages": _json(question.messages),
                "params": _json(question.params),
                "fields": _json(question.fields),
            }
            for question in questions
        ]

    # -- which pairs ------------------------------------------------------------------------

    def _by_arm(self, question: LiveQuestion) -> dict[str, list[Pair]]:
        found: dict[str, list[Pair]] = {}
        for pair in self.plan.of(question):
            found.setdefault(pair.arm, []).append(pair)
        return found

    def _has(self, pairs: list[Pair]) -> bool:
        return all(map(self._there, pairs))

    def _there(self, pair: Pair) -> bool:
        if pair.step == "vote":
            return pair.key in self.recorded.answers
        return pair.step == "closing" or self.recorded.quality(pair) is not None

    def _why(self, pair: Pair) -> str:
        recorded = self.recorded
        if pair.step == "answer" and recorded.answer(pair) is not None:
            status = recorded.ungraded.get(recorded.grade_id(pair), "not graded yet")
            return f"answered, but its grade is missing: {status}"
        key = pair.closed_by if pair.step == "answer" and pair.key in recorded.answers else pair.key
        if key in recorded.failures:
            return str(recorded.failures[key])
        return self._left.get(key, "not asked")

    # -- one row ----------------------------------------------------------------------------

    def _outcome(self, question: LiveQuestion, arm: str, pairs: list[Pair]) -> Row:
        samples = [(pair, self._answer(pair)) for pair in pairs if pair.step == "answer"]
        votes = [self.recorded.answers[pair.key] for pair in pairs if pair.step == "vote"]
        pair, own = samples[0]
        graded, last = self.recorded.grades[self.recorded.grade_id(pair)], own.last
        signals = {k: v for k, v in last.signals.items() if k not in _NOT_AS_THEY_ARE}
        row: Row = {
            "prompt_id": question.id,
            "dataset": self.dataset,
            "category": question.category,
            "model": arm,
            "score": graded.quality,
            **self._took("", [own]),
            "ttft_s": own.ttft_s,
            "latency_s": own.latency_s,
            "queue_s": own.queue_s,
            "finish_reason": last.finish_reason,
            "answered_by": last.model,
            "grade_status": graded.status,
            "response": own.text,
            "final": own.final,
            "extracted": normal_form(question, own.final),
            "asked_at": last.at,
            "recorded_at_s": last.at - self.recorded.began,
            "load_average": own.calls[0].signals.get("load_average"),
            "request_digest": pair.key,
        }
        return row | signals | self._samples(question, samples) | self._vote(votes)

    def _answer(self, pair: Pair) -> Answer:
        answer = self.recorded.answer(pair)
        assert answer is not None, "only what is there becomes a row"
        return answer

    def _samples(self, question: LiveQuestion, samples: Sequence[tuple[Pair, Answer]]) -> Row:
        if len(samples) == 1:
            return {}
        own, *others = (normal_form(question, answer.final) for _, answer in samples)
        qualities = [self.recorded.quality(pair) or 0.0 for pair, _ in samples]
        return {
            "agreement": share_of(own, others),
            "agreement_k": len(others),
            "agreement_answers": others,
            "score_mean": math.fsum(qualities) / len(qualities),
            **self._took("agreement_", [answer for _, answer in samples[1:]]),
        }

    def _vote(self, votes: Sequence[Settled]) -> Row:
        if not votes:
            return {}
        yes = votes[0].signals.get("p_yes")
        return {
            "verify_p_yes": yes,
            "verify_vote": None if yes is None else float(yes > 0.5),
            **self._took("verify_", [Answer(votes)]),
        }

    def _took(self, prefix: str, answers: Sequence[Answer]) -> Row:
        """Tokens, processor seconds (where they were measured) and USD of all these calls."""
        sums = {
            name: math.fsum(answer.tokens(name) for answer in answers)
            for name in ("input_tokens", "output_tokens", "cached_tokens")
        }
        sums["compute_s"] = math.fsum(answer.signal("compute_s") for answer in answers)
        sums["cost_usd"] = math.fsum(self._cost(c) for answer in answers for c in answer.calls)
        return {f"{prefix}{name}": value for name, value in sums.items()}

    def _cost(self, call: Settled) -> float:
        """As billed; of an answer from the response cache, what it would have been."""
        if call.billing != "cached":
            return call.cost_usd
        return self.costing.cost(call.arm, call.usage, call.signals)


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None
