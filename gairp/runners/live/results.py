"""From the events of a live run to the tables of a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np

from gairp.records.events import Called, Decided, Event, Graded, Learned, Observed, Settled
from gairp.report.study import Pool, Run
from gairp.rewards import Utility
from gairp.runners.live.material import Material
from gairp.types import Floats


class Answer(msgspec.Struct, kw_only=True):
    """One request of one learner (or one shadow call), as far as a report needs it."""

    learner: str
    question: str
    arm: str = ""  #: the one that answered, or failed last
    propensity: float = math.nan  #: of the first decision
    quality: float = math.nan
    cost_usd: float = 0.0
    latency_s: float = math.nan
    first_token_s: float = math.nan
    inter_token_s: float = math.nan
    output_tokens: float = math.nan
    calls: int = 0
    error: str | None = None
    shadow: bool = False
    cached: bool = False
    decided_at: float = 0.0
    last: str = ""  #: the decision that answered


def read_answers(events: Iterable[Event]) -> list[Answer]:
    """Every request in the order in which it was begun; what was begun again supersedes."""
    reader = _Reader()
    for event in events:
        reader.feed(event)
    return reader.answers()


class _Reader:
    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], Answer] = {}
        self._of_decision: dict[str, Answer] = {}
        self._decided: dict[str, Decided] = {}
        self._feed: Mapping[type, Callable[..., None]] = {
            Decided: self._decide, Called: self._call, Settled: self._settle,
            Observed: self._observe, Graded: self._grade, Learned: self._learn,
        }  # fmt: skip

    def feed(self, event: Event) -> None:
        handle = self._feed.get(type(event))
        if handle is not None:
            handle(event)

    def answers(self) -> list[Answer]:
        """Those that were called at all."""
        return [answer for answer in self._answers.values() if answer.calls]

    def _decide(self, event: Decided) -> None:
        if "question" not in event.tags:
            return
        key = event.request_id if event.kind != "shadow" else event.decision_id
        if event.attempt == 0 or event.kind == "shadow":
            self._answers[event.learner, key] = Answer(
                learner=event.learner,
                question=event.tags["question"],
                propensity=event.propensity,
                shadow=event.kind == "shadow",
                decided_at=event.now,
            )
        answer = self._answers[event.learner, key]
        answer.arm, answer.last = event.arm, event.decision_id
        self._of_decision[event.decision_id] = answer
        self._decided[event.decision_id] = event

    def _call(self, event: Called) -> None:
        if (answer := self._of_decision.get(event.decision_id)) is not None:
            answer.calls += 1

    def _settle(self, event: Settled) -> None:
        answer = self._of_decision.get(event.decision_id)
        if answer is None:
            return
        answer.cost_usd += event.cost_usd
        answer.error = None if event.error is None else event.error.kind
        answer.first_token_s, answer.inter_token_s = event.first_token_s, event.inter_token_s
        answer.output_tokens, answer.cached = event.usage.output_tokens, event.billing == "cached"
        if answer.shadow:
            answer.latency_s = event.latency_s + event.queue_s

    def _observe(self, event: Observed) -> None:
        answer = self._of_decision[event.decision_id]
        answer.latency_s = event.completed_at - answer.decided_at

    def _grade(self, event: Graded) -> None:
        if (answer := self._of_decision.get(event.decision_id)) is not None:
            answer.quality = event.quality

    def _learn(self, event: Learned) -> None:
        answer = self._of_decision.get(event.decision_id)
        if answer is not None and event.decision_id == answer.last:
            answer.quality = event.quality


def served(answers: Sequence[Answer]) -> dict[str, list[Answer]]:
    """Learner -> its requests, the last of each question, shadows left out."""
    by_learner: dict[str, dict[str, Answer]] = {}
    for answer in answers:
        if not answer.shadow:
            by_learner.setdefault(answer.learner, {})[answer.question] = answer
    return {learner: list(of.values()) for learner, of in by_learner.items()}


def pool_of(
    answers: Sequence[Answer],
    material: Material,
    arms: Sequence[str],
    utility: Utility,
    *,
    warm_up: float,
) -> Pool:
    """What every arm did with every question that was reported; NaN where it was not asked.

    The comparators are chosen on the recorded train part after a warm start, and otherwise on the
    first `warm_up` share of the questions, which is then not reported.
    """
    column = {arm: i for i, arm in enumerate(arms)}
    row = {question.id: question.row for question in material.questions}
    sums = np.zeros((4, len(row), len(arms)))
    for answer in answers:
        if answer.arm in column and answer.question in row and _whole(answer):
            cell = sums[:, row[answer.question], column[answer.arm]]
            cell += (1.0, _quality(answer), answer.cost_usd, answer.latency_s)
    with np.errstate(invalid="ignore"):
        quality, cost, latency = sums[1:] / np.where(sums[0] > 0, sums[0], np.nan)
    first = first_reported(material, warm_up)
    train = _train(material, quality, cost, latency, utility, first)
    return Pool(
        arms=tuple(arms),
        prompt_ids=tuple(q.id for q in material.questions[first:]),
        categories=tuple(q.category for q in material.questions[first:]),
        groups=material.groups[first:],
        quality=quality[first:],
        cost_usd=None if np.isnan(cost).all() else cost[first:],
        latency_s=latency[first:],
        **train,
    )


def first_reported(material: Material, warm_up: float) -> int:
    """Row of the first question that is reported."""
    if material.prepared is not None:
        return 0
    return min(math.ceil(warm_up * len(material.questions)), len(material.questions) - 1)


def run_of(
    policy: str, seed: int, answers: Sequence[Answer], material: Material, pool: Pool
) -> Run:
    """One learner's reported requests, in the order in which they were begun."""
    first = len(material.questions) - len(pool.prompt_ids)
    row = {question.id: question.row - first for question in material.questions}
    mine = [answer for answer in answers if row.get(answer.question, -1) >= 0]
    column = {arm: i for i, arm in enumerate(pool.arms)}
    return Run(
        policy=policy,
        seed=seed,
        rows=np.array([row[a.question] for a in mine], dtype=np.int64),
        arms=np.array([column.get(a.arm, -1) for a in mine], dtype=np.int64),
        propensity=np.array([a.propensity for a in mine]),
        quality=np.array([_quality(a) for a in mine]),
        cost_usd=np.array([a.cost_usd for a in mine]),
        latency_s=np.array([a.latency_s for a in mine]),
    )


def _quality(answer: Answer) -> float:
    """A failed request gave its user nothing."""
    return 0.0 if answer.error is not None else answer.quality


def _whole(answer: Answer) -> bool:
    return answer.calls > 0 and not math.isnan(_quality(answer))


def _train(
    material: Material,
    quality: Floats,
    cost: Floats,
    latency: Floats,
    utility: Utility,
    first: int,
) -> dict[str, Floats]:
    prepared = material.prepared
    if prepared is not None:
        known = prepared.pool("train", "train", utility)
        assert known.train_cost_usd is not None
        assert known.train_latency_s is not None
        assert known.train_utility is not None
        return {
            "train_quality": known.train_quality,
            "train_cost_usd": known.train_cost_usd,
            "train_latency_s": known.train_latency_s,
            "train_utility": known.train_utility,
        }

    def mean(table: Floats) -> Floats:
        """Of the questions that every arm was asked, where there are such."""
        part = table[:first]
        complete = part[~np.isnan(part).any(axis=1)]
        part = complete if len(complete) else part
        seen = ~np.isnan(part)
        counts = seen.sum(axis=0)
        return np.where(
            counts, np.where(seen, part, 0.0).sum(axis=0) / np.maximum(counts, 1), np.nan
        )

    return {
        "train_quality": mean(quality),
        "train_cost_usd": mean(cost),
        "train_latency_s": mean(latency),
        "train_utility": mean(utility.of_arrays(quality, cost, latency)),
    }
