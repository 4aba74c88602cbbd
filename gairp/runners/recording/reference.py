"""What was recorded before, as far as a refresh compares with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from gairp.errors import ConfigError
from gairp.runners.live.question import LiveQuestion
from gairp.runners.recording.drift import Drift
from gairp.runners.recording.pair import Pair
from gairp.runners.recording.plan import Plan
from gairp.runners.recording.recorded import Recorded
from gairp.runners.recording.texts import Texts, read_texts
from gairp.runners.replay.loading import files_of, load_pool
from gairp.traces.trace import Trace


@dataclass(frozen=True, slots=True)
class Compared:
    """One arm then and now; medians over the prompts that were asked again, NaN unknown."""

    arm: str
    drift: Drift
    answered_by: tuple[tuple[str, ...], tuple[str, ...]]  #: models, then and now; () unknown
    unanswered: int  #: prompts that the arm failed on now
    tokens: tuple[float, float]  #: output tokens, then and now
    latency_s: tuple[float, float]
    cost_usd: tuple[float, float]  #: means


class Reference:
    """Scores and quantities of a trace by prompt and arm."""

    def __init__(self, trace: Trace, texts: Mapping[str, Texts] | None = None) -> None:
        """`texts`: by column, what a recording tells beside quantities."""
        self._trace, self._texts = trace, texts or {}
        self._rows = {prompt_id: i for i, prompt_id in enumerate(trace.prompt_ids)}
        self._columns = {arm: j for j, arm in enumerate(trace.arms)}

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """The trace of a configuration; pairs that were not recorded may be missing."""
        trace = load_pool({**settings, "missing": "reject"}).pool.trace
        return cls(trace, read_texts(files_of(settings)[0], settings["columns"]))

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms that were recorded."""
        return self._trace.arms

    def __contains__(self, prompt_id: str) -> bool:
        return prompt_id in self._rows

    def score(self, prompt_id: str, arm: str) -> float | None:
        """The recorded grade; None where there is none."""
        value = float(self._trace.score[self._rows[prompt_id], self._columns[arm]])
        return None if math.isnan(value) else value

    def one_of_each_group(self, questions: Iterable[LiveQuestion]) -> list[LiveQuestion]:
        """The first of each group of near-duplicates, so that differences are independent."""
        seen: set[int] = set()
        kept = []
        for question in questions:
            group = int(self._trace.groups[self._rows[question.id]])
            if group not in seen:
                seen.add(group)
                kept.append(question)
        return kept

    def require_same_requests(self, plan: Plan) -> None:
        """Raise ConfigError for an arm that would be asked otherwise than when it was recorded."""
        digests = self._texts.get("request_digest", {})
        for pair in (pair for arm in plan.arms for pair in _own(plan, arm)):
            then = digests.get((pair.question.id, pair.arm))
            if then is not None and then != pair.key:
                raise ConfigError(
                    f"live.arms.{pair.arm}: prompt {pair.question.id!r} would be asked otherwise "
                    "than it was recorded (backend's name, model, recipe, params or examples), so "
                    "that a change could be yours; restore those, or set "
                    "refresh.same_requests=false"
                )

    def compared(self, drift: Drift, plan: Plan, recorded: Recorded) -> Compared:
        """The arm's grades, and beside them what it took."""
        arm = drift.arm
        found = [(p.question.id, recorded.answer(p)) for p in _own(plan, arm)]
        given = {prompt_id: answer for prompt_id, answer in found if answer is not None}
        now, rows = list(given.values()), [self._rows[prompt_id] for prompt_id in given]
        return Compared(
            arm=arm,
            drift=drift,
            answered_by=(
                self._models(arm, list(given)),
                tuple(sorted({answer.last.model for answer in now})),
            ),
            unanswered=len(
                {p.root for p in plan.pairs if p.arm == arm and p.key in recorded.failures}
            ),
            tokens=(
                self._middle("output_tokens", arm, rows),
                _median([answer.tokens("output_tokens") for answer in now]),
            ),
            latency_s=(
                self._middle("latency_s", arm, rows),
                _median([answer.latency_s for answer in now]),
            ),
            cost_usd=(
                self._mean("cost_usd", arm, rows),
                _mean([math.fsum(c.cost_usd for c in answer.calls) for answer in now]),
            ),
        )

    def _models(self, arm: str, prompt_ids: Sequence[str]) -> tuple[str, ...]:
        known = self._texts.get("answered_by", {})
        return tuple(sorted({known[i, arm] for i in prompt_ids if (i, arm) in known}))

    def _column(self, name: str, arm: str, rows: Sequence[int]) -> list[float]:
        table = self._trace.quantities.get(name)
        return [] if table is None else table[list(rows), self._columns[arm]].tolist()

    def _middle(self, name: str, arm: str, rows: Sequence[int]) -> float:
        return _median(self._column(name, arm, rows))

    def _mean(self, name: str, arm: str, rows: Sequence[int]) -> float:
        return _mean(self._column(name, arm, rows))


def _own(plan: Plan, arm: str) -> list[Pair]:
    """The arm's own answers, one a question."""
    answers = (pair for question in plan.questions for pair in plan.answers(question))
    return [pair for pair in answers if pair.arm == arm and not pair.sample]


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _median(values: Sequence[float]) -> float:
    known = _known(values)
    return float(np.median(known)) if known else math.nan


def _mean(values: Sequence[float]) -> float:
    known = _known(values)
    return float(np.mean(known)) if known else math.nan
