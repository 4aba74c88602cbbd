"""What a judge's verdicts come to, beside some that cost nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gairp.metrics.agreement import Agreement, agreement
from gairp.metrics.agreement_bias import LengthBias, bias_by_group, length_bias
from gairp.metrics.arrays import Floats
from gairp.metrics.interval import Estimate
from gairp.rewards.graders import Match
from gairp.runners.judge_agreement.answers import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One judge against the programmatic grades; a control is one that made no call."""

    name: str
    control: bool
    asked: int
    unparsed: int
    failed: int
    agreement: Agreement  #: on the answers that it judged
    says_right: float  #: share of them
    hits: float  #: share called right among right answers
    false_alarms: float  #: share called right among wrong answers
    by_model: dict[str, Estimate]
    by_length: LengthBias
    seconds: Floats  #: [n] a judgement; NaN unknown
    cost_usd: Floats  #: [n]


def measure(
    name: str, answers: Sequence[Answer], rows: Sequence[Mapping[str, Any]], *, seed: int,
    draws: int,
) -> Measured:  # fmt: skip
    """One judge's rows, in the order of the answers."""
    statuses = [row["status"] for row in rows]
    return _measured(
        name, answers, _column(rows, "quality"), seed=seed, draws=draws, control=False,
        unparsed=statuses.count("unparsed"), failed=statuses.count("failed"),
        seconds=_column(rows, "seconds"), cost_usd=_column(rows, "cost_usd"),
    )  # fmt: skip


def controls(answers: Sequence[Answer], *, seed: int, draws: int) -> list[Measured]:
    """Verdicts that a judge has to beat: always wrong; the right answer's text occurs in the
    answer; and what the answering model itself thought, as it was recorded."""
    n = len(answers)
    mention = Match(part="all", place="anywhere")
    named = [mention.score(answer.text, answer.question.answer or "") for answer in answers]
    own = np.array([answer.own_opinion for answer in answers])
    unknown = np.full(n, np.nan)
    verdicts = {
        "always wrong": (np.zeros(n), np.zeros(n)),
        "answer occurs": (np.array(named), np.zeros(n)),
        "own opinion": (own, np.array([answer.own_cost_usd for answer in answers])),
    }
    return [
        _measured(
            name, answers, verdict, seed=seed, draws=draws, control=True,
            unparsed=int(np.isnan(verdict).sum()), failed=0, seconds=unknown, cost_usd=cost,
        )
        for name, (verdict, cost) in verdicts.items()
    ]  # fmt: skip


def _measured(
    name: str, answers: Sequence[Answer], verdict: Floats, *, seed: int, draws: int, **fields: Any
) -> Measured:
    truth = np.array([answer.score for answer in answers])
    prompts = [answer.question.id for answer in answers]
    models = [answer.model for answer in answers]
    length = np.array([float(len(answer.text.strip())) for answer in answers])
    judged = ~np.isnan(verdict)

    def rng() -> np.random.Generator:
        return np.random.default_rng(seed)  # every judge on the same draws

    return Measured(
        name=name,
        asked=len(answers),
        agreement=agreement(verdict, truth, prompts, rng=rng(), draws=draws),
        says_right=_mean(verdict[judged]),
        hits=_mean(verdict[judged & (truth == 1.0)]),
        false_alarms=_mean(verdict[judged & (truth == 0.0)]),
        by_model=bias_by_group(verdict, truth, models, prompts, rng=rng(), draws=draws),
        by_length=length_bias(verdict, truth, length, prompts, rng=rng(), draws=draws),
        **fields,
    )


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([np.nan if row[name] is None else float(row[name]) for row in rows])


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")
