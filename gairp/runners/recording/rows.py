"""From what was recorded to the rows of the two tables, and to what is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gairp.pricing.cost import call_cost
from gairp.records.events import Settled
from gairp.routing.costing import Costing
from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.agreement import agreement
from gairp.runners.recording.plan import Pair, Plan
from gairp.runners.recording.recorded import Recorded

Row = dict[str, Any]


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
        """Every pair without a graded answer, in the order of the plan."""
        return [
            Missing(pair.question.id, pair.arm, pair.sample, self._why(pair))
            for pair in self.plan.pairs
            if self.recorded.quality(pair) is None
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
                "prompt": question.text,
                "answer": question.answer,
                "grader": question.grader,
                "messages": _json(question.messages),
                "params": _json(question.params),
            }
            for question in questions
        ]

    def _by_arm(self, question: LiveQuestion) -> dict[str, list[Pair]]:
        found: dict[str, list[Pair]] = {}
        for pair in self.plan.of(question):
            found.setdefault(pair.arm, []).append(pair)
        return found

    def _has(self, pairs: list[Pair]) -> bool:
        return all(self.recorded.quality(pair) is not None for pair in pairs)

    def _outcome(self, question: LiveQuestion, arm: str, pairs: list[Pair]) -> Row:
        answers = [self.recorded.answers[pair.key] for pair in pairs]
        own, usage = answers[0], answers[0].usage
        graded = self.recorded.grades[self.recorded.grade_id(pairs[0])]
        ttft_s, latency_s, signals = _times(own)
        row: Row = {
            "prompt_id": question.id,
            "dataset": self.dataset,
            "category": question.category,
            "model": arm,
            "score": graded.quality,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cached_tokens": usage.cached_tokens,
            "cost_usd": self._cost(own),
            "ttft_s": ttft_s,
            "latency_s": latency_s,
            "queue_s": own.queue_s,
            "finish_reason": own.finish_reason,
            "answered_by": own.model,
            "grade_status": graded.status,
            "response": own.content or "",
            "asked_at": own.at,
            "request_digest": pairs[0].key,
        }
        return row | signals | self._samples(question, pairs, answers)

    def _samples(self, question: LiveQuestion, pairs: list[Pair], answers: list[Settled]) -> Row:
        if self.plan.samples == 1:
            return {}
        qualities = [self.recorded.quality(pair) or 0.0 for pair in pairs]
        return {
            "agreement": agreement(question, [answer.content or "" for answer in answers]),
            "score_mean": math.fsum(qualities) / len(qualities),
            "agreement_k": float(len(answers) - 1),
            **{
                f"agreement_{name}": math.fsum(
                    getattr(answer.usage, name) for answer in answers[1:]
                )
                for name in ("input_tokens", "output_tokens", "cached_tokens")
            },
            "agreement_cost_usd": math.fsum(self._cost(answer) for answer in answers[1:]),
        }

    def _cost(self, answer: Settled) -> float:
        """As billed; of an answer from the response cache, what it would have been."""
        if answer.billing != "cached":
            return answer.cost_usd
        price, usage = self.costing.prices.get(answer.arm), answer.usage
        if price is None:
            return math.nan
        cached = min(usage.cached_tokens, usage.input_tokens)
        return call_cost(price, usage.input_tokens, usage.output_tokens, cached)

    def _why(self, pair: Pair) -> str:
        recorded = self.recorded
        if pair.key in recorded.answers:
            status = recorded.ungraded.get(recorded.grade_id(pair), "not graded yet")
            return f"answered, but its grade is missing: {status}"
        if pair.key in recorded.failures:
            return str(recorded.failures[pair.key])
        return self._left.get(pair.key, "not asked")


def _times(answer: Settled) -> tuple[float, float, dict[str, float]]:
    """Seconds to the first and last token, and the other signals.

    Of an answer from the response cache: what the call had taken, not the reading.
    """
    signals = dict(answer.signals)
    if answer.billing != "cached":
        return answer.first_token_s, answer.latency_s, signals
    first = signals.pop("cached_first_token_s", math.nan)
    return first, signals.pop("cached_latency_s", math.nan), signals


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None
